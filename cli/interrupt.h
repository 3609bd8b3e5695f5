// Ctrl-C, SIGTERM and a closed terminal (SIGHUP). By default the first signal ends the process at once, with the exit
// status and the last line that the contract promises; work that has something to save asks to be told instead.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

namespace vgg16 {

/// Takes over SIGHUP, SIGINT and SIGTERM for the rest of the process, but those that are ignored: nohup and background
/// jobs want that. They are blocked in this thread and in all that it starts, and waited for by a thread of their own;
/// so call it before there are others. `command` is what the user can give again. Throws Error{kMemory} where no thread
/// can be had.
void watch_for_interrupts(std::string_view command);

/// From now on, `command` is what goes on where the work was interrupted.
void go_on_with(std::string_view command);

/// While it lives, the first signal only makes interrupted() true. The second saves what there is, says the last words
/// and ends the process; a third does not wait for the saving, nor does anybody for longer than kSavingSeconds.
class DeferredInterrupts {
 public:
  static constexpr unsigned kSavingSeconds = 10;

  /// `save` is called on another thread while the work goes on; what it uses must outlive this object.
  explicit DeferredInterrupts(std::function<void()> save);
  ~DeferredInterrupts();
  DeferredInterrupts(const DeferredInterrupts&) = delete;
  DeferredInterrupts& operator=(const DeferredInterrupts&) = delete;

  /// The work is done: from now on a signal ends the process at once again. False, and still deferred, where one has
  /// come before.
  [[nodiscard]] bool end();
};

/// Becomes true with the first signal while there is a DeferredInterrupts.
[[nodiscard]] const std::atomic<bool>& interrupted();

/// Says the last words of work that was interrupted, with `how_far` it came ("after 3 of 8 rows"), in place of those
/// that the next signal would say. Returns the exit status for the signal that came: 129, 130 or 143.
[[nodiscard]] int end_interrupted(const std::string& how_far);

}  // namespace vgg16
