// Fork-join threads for compute. The only place where compute threads are made; a pool is handed in, never global.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace vgg16 {

/// A fixed team of threads that run one job at a time. The caller's thread is member 0 of the team.
/// run() and for_each() may be called by one thread at a time; they allocate nothing and take no lock while the team
/// is awake (a team that sleeps is woken through a futex).
class ThreadPool {
 public:
  /// `n_threads` members, the caller included; 0 means available_processors().
  /// Throws Error{kMemory} where the system gives no more threads.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const;

  /// Runs job(member) once on every member, 0 .. size() - 1, and returns when all are done. `job` must not throw.
  template <class Job>
  void run(Job&& job) {
    run_erased([](void* context, int member) { (*static_cast<std::remove_reference_t<Job>*>(context))(member); }, &job);
  }

  /// Runs body(index, member) for every index in [0, count), handed out in order to whoever is free.
  template <class Body>
  void for_each(int64_t count, Body&& body) {
    start_counting();
    run([&](int member) {
      for (int64_t i = next_index(); i < count; i = next_index()) body(i, member);
    });
  }

 private:
  void run_erased(void (*call)(void*, int), void* context);
  void start_counting();
  int64_t next_index();

  struct State;
  std::unique_ptr<State> state_;
};

/// Processors that this process may run on.
[[nodiscard]] int allowed_processors();

/// Processors whose time this process gets, and the default number of threads: those allowed, but no more than the
/// quota of its container (cpu_quota.h), rounded up.
[[nodiscard]] int available_processors();

}  // namespace vgg16
