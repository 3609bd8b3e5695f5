// Progress on standard error: redrawn in place on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "command.h"

namespace vgg16 {

class Progress {
 public:
  /// `unit` is what is counted, in the plural. Nothing is shown with --quiet or --no-progress.
  Progress(std::string_view stage, std::string_view unit, const Common& common);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// What is counted from here on.
  void count(std::string_view unit) { unit_ = unit; }
  /// Shows done/total, the rate and the time left; rarely enough to cost nothing. A count that falls begins anew.
  void update(int64_t done, int64_t total);
  /// Takes the line off the terminal, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string stage_;
  std::string unit_;
  bool shown_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  int64_t first_done_ = -1;
  int64_t last_done_ = 0;
};

}  // namespace vgg16
