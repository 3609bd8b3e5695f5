// Handling Ctrl-C (SIGINT), SIGTERM and a closed terminal (SIGHUP). By default the first signal ends the process at
// once, with its exit status and the command that resumes as the last line on standard error. Work that has something
// to save first uses DeferredInterrupts.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

namespace vgg16 {

/// Handles SIGHUP, SIGINT and SIGTERM for the rest of the process, except those that are ignored already (nohup,
/// background jobs). They are blocked in this thread and in all threads that it starts later, and a thread of their own
/// waits for them; so this must be called before other threads exist. `command` is the command line to print. Throws
/// Error{kMemory} if the system cannot start a thread.
void watch_for_interrupts(std::string_view command);

/// From now on, `command` is printed as the command that resumes the work, after "to go on" and `how`, such as ", with
/// the same list on standard input".
void go_on_with(std::string_view command, std::string_view how = {});

/// During its lifetime, the first signal only makes interrupted() true. The second one calls `save`, prints the command
/// that resumes, and ends the process; a third one, or a timeout of kSavingSeconds, ends it without waiting for `save`.
class DeferredInterrupts {
 public:
  static constexpr unsigned kSavingSeconds = 10;

  /// `save` is called on another thread while the work continues; what it uses must outlive this object.
  explicit DeferredInterrupts(std::function<void()> save);
  ~DeferredInterrupts();
  DeferredInterrupts(const DeferredInterrupts&) = delete;
  DeferredInterrupts& operator=(const DeferredInterrupts&) = delete;

  /// The work is done: from now on a signal ends the process at once again. If one has come before, and so
  /// interrupted() is true, signals stay deferred.
  void end();
};

/// Becomes true with the first signal during the lifetime of a DeferredInterrupts.
[[nodiscard]] const std::atomic<bool>& interrupted();

/// Prints that the work was interrupted, how far it came (`how_far`, such as "after 3 of 8 rows") and the command that
/// resumes; later signals print nothing. Returns the exit status for the signal: 129, 130 or 143.
[[nodiscard]] int end_interrupted(const std::string& how_far);

}  // namespace vgg16
