// Fork-join threads for compute. Compute threads are made nowhere else; a pool is passed as an argument, never global,
// so that two engines in one process do not disturb one another.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace vgg16 {

/// A fixed number of threads that run one job at a time. The thread that calls run() or for_each() takes part as member
/// 0. One thread at a time may call them. They allocate nothing and, while the other members spin, make no system call;
/// members that have waited for some 50 us sleep and are woken through a futex. A child made by fork() has only the
/// thread that called it: there, run() and for_each() of a pool of several members throw Error{kDevice}.
class ThreadPool {
 public:
  /// `n_threads` members, the caller included; 0 means available_processors(). When `*cancelled` becomes true, which
  /// another thread may do at any time, for_each() leaves out the indices that are not begun. Throws Error{kMemory}
  /// where the system gives no more threads.
  explicit ThreadPool(int n_threads, const std::atomic<bool>* cancelled = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const;

  /// Runs job(member) once on every member, 0 .. size() - 1, and returns when all are done. `job` must not throw.
  template <class Job>
  void run(Job&& job) {
    run_erased([](void* context, int member) { (*static_cast<std::remove_reference_t<Job>*>(context))(member); }, &job);
  }

  /// Runs body(index, member) for every index in [0, count). Member m begins with the indices from count * m / size()
  /// on, so that neighbours stay on one member, and in its caches from one job to the next; members that are done with
  /// theirs take those that others have not begun. So which member gets which index differs from run to run: a result
  /// must not depend on it. `body` must not throw.
  template <class Body>
  void for_each(int64_t count, Body&& body) {
    start_counting(count);
    run([&](int member) {
      for (int64_t i = next_index(member); i != kNoIndex; i = next_index(member)) {
        if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed)) {
          left_out_.store(true, std::memory_order_relaxed);
          return;
        }
        body(i, member);
      }
    });
  }

  /// Whether for_each() has left out indices since this was last called: then what it computed is not complete.
  [[nodiscard]] bool take_left_out() { return left_out_.exchange(false, std::memory_order_relaxed); }

 private:
  static constexpr int64_t kNoIndex = -1;

  void run_erased(void (*call)(void*, int), void* context);
  void start_counting(int64_t count);
  int64_t next_index(int member);  // one that no member has begun, or kNoIndex

  struct State;
  std::unique_ptr<State> state_;
  const std::atomic<bool>* cancelled_;
  std::atomic<bool> left_out_{false};
};

/// Processors that the scheduler may run this process on (sched_getaffinity).
[[nodiscard]] int allowed_processors();

/// The default number of threads: allowed_processors(), but no more than the container's quota of processor time
/// (cpu_quota.h), rounded up. More threads than that would be stopped together until the next period of the quota.
[[nodiscard]] int available_processors();

}  // namespace vgg16
