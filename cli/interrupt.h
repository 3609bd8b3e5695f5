// Ctrl-C and SIGTERM: the first asks the work to end at the next safe point, the second ends the process at once.
#pragma once

#include <atomic>

namespace vgg16 {

/// Takes over SIGINT and SIGTERM for the rest of the process.
void watch_for_interrupts();

/// Becomes true with the first signal.
[[nodiscard]] const std::atomic<bool>& interrupted();

/// Exit status for the signal that came: 130 or 143.
[[nodiscard]] int interrupted_status();

}  // namespace vgg16
