#include "kernels/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "kernels/cpu_quota.h"
#include "kernels/process_mark.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

// How often a waiting member polls before it sleeps: about 50 us. That is longer than the gap between two layers of one
// forward pass, where waking from a futex would cost more than the wait, and far shorter than the gap between batches,
// where spinning would take time from the threads that decode.
constexpr int kSpins = 2000;

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins first, because threads usually wait for microseconds only; then sleeps until notified.
void wait_while_equal(std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

struct ThreadPool::State {
  // One member's indices of for_each(): those from `next` on are not begun.
  struct alignas(64) Part {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  explicit State(int n_threads) : parts(static_cast<size_t>(n_threads)) {}

  // Each on a cache line of its own: waiting members poll `generation` and `running` while others change a `next`.
  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<uint32_t> running{0};
  alignas(64) void (*call)(void*, int) = nullptr;
  void* context = nullptr;
  bool stopping = false;
  std::vector<Part> parts;  // one per member, the caller's included
  std::vector<std::thread> members;
  ProcessMark mark;

  // A member's loop: wait for a new generation, run the job, count down.
  void serve(int member) {
    // The pool may be made by a thread whose mode is not the default one.
    const StandardFloatingPoint mode;
    uint32_t seen = 0;  // generation of the last job
    for (;;) {
      wait_while_equal(generation, seen);
      seen = generation.load(std::memory_order_acquire);
      if (stopping) return;
      call(context, member);
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) running.notify_one();
    }
  }

  void stop() {
    if (!mark.is_here()) {
      // The threads are the parent process's: there is nobody to wait for. Not even detach() may be called, because the
      // C library may have given their handles to threads that this process has made.
      static_cast<void>(new std::vector<std::thread>(std::move(members)));
      return;
    }
    stopping = true;
    generation.fetch_add(1, std::memory_order_acq_rel);
    generation.notify_all();
    for (auto& member : members) member.join();
  }
};

// sched_getaffinity also counts correctly in containers that are restricted to some processors (cpuset).
int allowed_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int available_processors() {
  const int allowed = allowed_processors();
  const double quota = cpu_quota();
  return quota > 0 && quota < allowed ? static_cast<int>(std::ceil(quota)) : allowed;
}

ThreadPool::ThreadPool(int n_threads, const std::atomic<bool>* cancelled) : cancelled_(cancelled) {
  if (n_threads == 0) n_threads = available_processors();
  require(n_threads > 0, ErrorCode::kInvalidArgument, "threads must be 0 or more, not " + std::to_string(n_threads));
  state_ = std::make_unique<State>(n_threads);
  try {
    for (int member = 1; member < n_threads; ++member) {
      state_->members.emplace_back([state = state_.get(), member] { state->serve(member); });
    }
  } catch (const std::system_error& e) {
    state_->stop();
    throw Error(ErrorCode::kMemory, "cannot start " + std::to_string(n_threads) + " threads: " + e.what());
  }
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::size() const { return static_cast<int>(state_->members.size()) + 1; }

void ThreadPool::run_erased(void (*call)(void*, int), void* context) {
  State& s = *state_;
  const auto others = static_cast<uint32_t>(s.members.size());
  if (others > 0) {
    if (!s.mark.is_here()) {
      throw Error(ErrorCode::kDevice,
                  "this engine's threads are those of the process that fork() was called in; make a "
                  "new engine in this one, or one of a single thread before");
    }
    s.call = call;
    s.context = context;
    s.running.store(others, std::memory_order_relaxed);
    // Starts the job: the increment publishes call, context and running to the members that read it.
    s.generation.fetch_add(1, std::memory_order_acq_rel);
    s.generation.notify_all();
  }
  call(context, 0);
  // Waits for the other members. running changes several times; each change ends a wait.
  for (uint32_t left = s.running.load(std::memory_order_acquire); left != 0;
       left = s.running.load(std::memory_order_acquire)) {
    wait_while_equal(s.running, left);
  }
}

// Relaxed suffices for the indices: each is taken once, and run_erased orders everything else.
void ThreadPool::start_counting(int64_t count) {
  std::vector<State::Part>& parts = state_->parts;
  const auto n = static_cast<int64_t>(parts.size());
  for (int64_t member = 0; member < n; ++member) {
    State::Part& part = parts[static_cast<size_t>(member)];
    part.next.store(count * member / n, std::memory_order_relaxed);
    part.end = count * (member + 1) / n;
  }
}

int64_t ThreadPool::next_index(int member) {
  std::vector<State::Part>& parts = state_->parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    State::Part& part = parts[(static_cast<size_t>(member) + i) % parts.size()];
    // Looked at first: others' lines stay shared, and `next` cannot grow without end.
    if (part.next.load(std::memory_order_relaxed) >= part.end) continue;
    const int64_t index = part.next.fetch_add(1, std::memory_order_relaxed);
    if (index < part.end) return index;
  }
  return kNoIndex;
}

}  // namespace vgg16
