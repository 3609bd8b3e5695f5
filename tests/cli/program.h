// The built program, run as its users run it: a process with arguments, three streams and an exit status.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

struct Outcome {
  int status = -1;  ///< exit status, or minus the signal that ended the process
  std::string out;
  std::string err;
  int64_t peak_memory_bytes = 0;  ///< the most that was resident

  /// Lines of `err` and `out`, without their ends.
  [[nodiscard]] std::vector<std::string> err_lines() const;
  [[nodiscard]] std::vector<std::string> out_lines() const;
};

struct RunOptions {
  std::string input = {};                     ///< what standard input gives
  std::filesystem::path input_file = {};      ///< what standard input is opened from, instead of `input`
  std::vector<std::string> environment = {};  ///< NAME=value, added to this process's
  std::vector<int> closed = {};               ///< which of 0, 1 and 2 the process is started without
  std::vector<int> ignored = {};              ///< signals that the program finds ignored, as under nohup
  std::filesystem::path output = {};       ///< where standard output goes, such as /dev/full; empty: into Outcome::out
  std::filesystem::path errors = {};       ///< the same for standard error
  rlim_t file_size_limit = RLIM_INFINITY;  ///< ulimit -f, in bytes
  bool another_user = false;               ///< as somebody who is not root, for CliTest::run
};

/// A running process. Killed if it still runs at destruction, or after two minutes.
class Process {
 public:
  /// Starts `words` (the first is the file to run, or a name to be looked up in PATH) in `folder`; what it prints is
  /// kept in files beside that folder's content, in `scratch`.
  Process(const std::vector<std::string>& words, const std::filesystem::path& folder,
          const std::filesystem::path& scratch, const RunOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  /// Processor time that it has taken so far, on all its threads; 0 when it is gone.
  [[nodiscard]] double processor_seconds() const;
  /// The most that was resident since the program began, unlike Outcome's without the tests' own memory before that.
  [[nodiscard]] int64_t peak_memory_bytes() const;
  /// Whether it is the program by now and its first thread blocks the signals of `mask` (bit n - 1 for signal n).
  [[nodiscard]] bool blocks_signals(unsigned long mask) const;
  /// Waits until `reached` holds; false if the process ended or two minutes passed before.
  [[nodiscard]] bool wait_until(const std::function<bool()>& reached);
  /// Waits for the end.
  Outcome wait();

 private:
  [[nodiscard]] bool ended();

  std::filesystem::path scratch_;
  pid_t pid_ = -1;
  int wait_status_ = 0;
  struct rusage usage_ = {};
  bool reaped_ = false;
};

}  // namespace vgg16
