// Counts what a test program's calls take from the system: memory and locks.
#pragma once

namespace vgg16 {

/// Calls of malloc and its relatives, and of pthread_mutex_lock, by any thread since the program started. Not counted
/// where sanitizers replace these functions.
struct Calls {
  long allocations = 0;
  long locks = 0;
  friend bool operator==(const Calls&, const Calls&) = default;
};
[[nodiscard]] Calls calls_so_far();

}  // namespace vgg16
