// Ctrl-C and SIGTERM. By default the first one ends the process at once, with the exit status and the last line that
// the contract promises; work that has something to save asks to be told instead.
#pragma once

#include <atomic>
#include <string_view>

namespace vgg16 {

/// Takes over SIGINT and SIGTERM for the rest of the process. `command` is what the user can give again.
void watch_for_interrupts(std::string_view command);

/// From now on, `command` is what goes on where the work was interrupted.
void go_on_with(std::string_view command);

/// From now on the first signal only makes interrupted() true; the second ends the process at once.
void defer_interrupts();

/// From now on a signal ends the process at once again. One that was deferred before is still to be seen in
/// interrupted().
void end_deferring_interrupts();

/// Becomes true with the first signal after defer_interrupts().
[[nodiscard]] const std::atomic<bool>& interrupted();

/// Exit status for the signal that came: 130 or 143.
[[nodiscard]] int interrupted_status();

}  // namespace vgg16
