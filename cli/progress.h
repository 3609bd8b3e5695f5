// Progress on standard error: a line that is redrawn in place on a terminal, otherwise a new line every 30 seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "command.h"
#include "vgg16/extractor.h"

namespace vgg16 {

/// What took the longest: "decoding", "compute" or "disk".
[[nodiscard]] std::string limiting_stage(const ExtractTimes& times);

class Progress {
 public:
  /// `unit` is what is counted, such as "pictures". Shows nothing with --quiet or --no-progress.
  Progress(std::string_view stage, std::string_view unit, const Common& common);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Changes what is counted.
  void count(std::string_view unit) { unit_ = unit; }
  /// From now on also says what takes the longest, as limiting_stage().
  void limited_by(std::string_view what) { limit_ = what; }
  /// Shows done/total, the percentage, the time left, the rate, what it is limited by and, on a terminal, a bar, or as
  /// much of this as fits in its width; at most ten times a second. If `done` is less than before, a new stage has
  /// begun, and the rate is measured from there. A total of 0 is not known.
  void update(int64_t done, int64_t total);
  /// On a terminal, shows `text` until there is something to count.
  void begin(const std::string& text);
  /// Erases the line from the terminal, so that something else can be printed.
  void clear();

 private:
  void draw(const std::string& line);

  using Clock = std::chrono::steady_clock;

  std::string stage_;
  std::string unit_;
  std::string limit_;
  bool shown_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_;
  int64_t first_done_ = -1;
  int64_t last_done_ = 0;
};

}  // namespace vgg16
