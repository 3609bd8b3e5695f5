// Runs CUDA kernels on the host, thread by thread, from their own source.
//
// A .cu file that is compiled as C++ with this header before it launches its kernels here: run_kernel takes the place
// of kernel<<<...>>>, and what kernels/block.cuh and bench/lab/sm80.cuh name is done as the PTX manual describes it. A
// launch runs at once. Threads are coroutines: a warp taken at random runs until it waits for others, its lanes in
// random order, so that no order is relied on that the hardware does not promise. Asynchronous copies to shared memory
// land at once or only when they are waited for (FakeCuda::copies_land); run both ways, one shows a stage that is
// overwritten while it is read, the other one that is read before it is there.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/launch.cuh"
#include "support/fake_cuda.h"
#include "support/guarded.h"

namespace vgg16 {

class BlockEmulation {
 public:
  /// Runs `thread` for every thread of block number `block`. Throws std::logic_error where threads wait for one another
  /// in vain or write outside their shared memory, std::runtime_error where an address is not aligned as the
  /// instruction demands.
  static void run(const Grid& grid, uint32_t block, const std::function<void()>& thread) {
    BlockEmulation emulation(grid, block, thread);
    current_ = &emulation;
    emulation.schedule();
    current_ = nullptr;
    if (!emulation.failure_.empty()) throw std::runtime_error(emulation.failure_);
    if (!emulation.shared_.fences_intact()) throw std::logic_error("written outside shared memory");
  }

  static BlockEmulation& current() { return *current_; }

  [[nodiscard]] uint3 block_index() const { return {block_, 0, 0}; }
  [[nodiscard]] uint3 thread_index() const { return {static_cast<uint32_t>(running_), 0, 0}; }
  unsigned char* block_memory() { return shared_.data<unsigned char>(); }
  void block_barrier() { wait(State::kAtBarrier); }

  void copy16_async(void* shared, const void* global, bool valid) {
    if (reinterpret_cast<uintptr_t>(shared) % 16 != 0 || reinterpret_cast<uintptr_t>(global) % 16 != 0)
      failure_ = "copy16_async: an address is not aligned to 16 bytes";
    thread().copies.push_back({shared, valid ? global : nullptr, thread().groups});
    if (arrival_ == CopyArrival::kAtOnce) land(0);
  }
  void close_copy_group() { ++thread().groups; }
  void wait_copy_groups(int pending) { land(pending); }

  void load_matrices(const void* shared, uint32_t (&words)[4]) {
    if (reinterpret_cast<uintptr_t>(shared) % 16 != 0)
      failure_ = "load_matrices: an address is not aligned to 16 bytes";
    WarpSlot& mine = exchange();
    mine.row = shared;
    const WarpSlot* warp = wait_for_warp();
    const int lane = running_ % 32;
    for (int q = 0; q < 4; ++q) {
      const auto* row = static_cast<const unsigned char*>(warp[8 * q + lane / 4].row);
      std::memcpy(&words[q], row + 4 * (lane % 4), 4);
    }
  }

  template <class T>
  void multiply_add(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    constexpr int kPerWord = static_cast<int>(4 / sizeof(T));
    WarpSlot& mine = exchange();
    for (int i = 0; i < 4 * kPerWord; ++i) mine.a[i] = number<T>(a[i / kPerWord], i % kPerWord);
    for (int i = 0; i < 2 * kPerWord; ++i) mine.b[i] = number<T>(b[i / kPerWord], i % kPerWord);
    const WarpSlot* warp = wait_for_warp();
    const int lane = running_ % 32;
    for (int element = 0; element < 4; ++element) {
      const int row = lane / 4 + element / 2 * 8;
      const int column = lane % 4 * 2 + element % 2;
      auto exact = static_cast<double>(sum[element]);
      for (int word = 0; word < 8; ++word) {  // four of the first 16 bytes, four of the next
        const float* x = warp[row % 8 * 4 + word % 4].a + (row / 8 + word / 4 * 2) * kPerWord;
        const float* y = warp[column * 4 + word % 4].b + word / 4 * kPerWord;
        for (int k = 0; k < kPerWord; ++k) exact += static_cast<double>(x[k]) * static_cast<double>(y[k]);
      }
      sum[element] = static_cast<float>(exact);
    }
  }

 private:
  enum class State { kReady, kAtBarrier, kAtWarp, kDone };
  struct Copy {
    void* to;
    const void* from;  // null: zeros
    int group;
  };
  struct Thread {
    ucontext_t context;
    jmp_buf waiting;
    bool started = false;
    State state = State::kReady;
    std::vector<Copy> copies;
    int groups = 0;     // closed
    int exchanges = 0;  // that the warp's threads made together
  };
  struct WarpSlot {
    const void* row;
    float a[8];
    float b[4];
  };
  static constexpr size_t kStackBytes = size_t{64} * 1024;

  BlockEmulation(const Grid& grid, uint32_t block, const std::function<void()>& body)
      : body_(body),
        block_(block),
        arrival_(fake_cuda().copies_land),
        random_(block),
        threads_(static_cast<size_t>(grid.threads)),
        shared_(grid.shared_bytes, 1) {
    slots_.resize(threads_.size() * 2);
    while (stacks_.size() < threads_.size()) stacks_.push_back(std::make_unique_for_overwrite<char[]>(kStackBytes));
    for (size_t i = 0; i < threads_.size(); ++i) {
      Thread& thread = threads_[i];
      getcontext(&thread.context);
      thread.context.uc_stack.ss_sp = stacks_[i].get();
      thread.context.uc_stack.ss_size = kStackBytes;
      makecontext(&thread.context, &BlockEmulation::start, 0);
    }
  }

  static void start() {
    BlockEmulation& block = current();
    block.body_();
    block.land(0);
    block.thread().state = State::kDone;
    _longjmp(block.scheduler_, 1);
  }

  // One warp at a time, chosen at random, runs until it must wait. So where a barrier is missing, some warp gets far
  // ahead of the others, and the results are wrong.
  void schedule() {
    std::vector<int> warps;
    for (;;) {
      warps.clear();
      for (size_t i = 0; i < threads_.size(); ++i) {
        const int warp = static_cast<int>(i / 32);
        if (threads_[i].state == State::kReady && (warps.empty() || warps.back() != warp)) warps.push_back(warp);
      }
      if (!warps.empty())
        run_warp(warps[random_() % warps.size()]);
      else if (!release_block())
        return;
    }
  }

  void run_warp(int warp) {
    std::array<int, 32> lanes;
    std::iota(lanes.begin(), lanes.end(), warp * 32);
    for (bool together = true; together;) {
      std::shuffle(lanes.begin(), lanes.end(), random_);
      for (const int lane : lanes) {
        running_ = lane;
        if (thread().state == State::kReady) resume();
      }
      const auto state_of = [&](int lane) -> State& { return threads_[static_cast<size_t>(lane)].state; };
      together = std::all_of(lanes.begin(), lanes.end(), [&](int lane) { return state_of(lane) == State::kAtWarp; });
      if (!together) return;
      for (const int lane : lanes) state_of(lane) = State::kReady;
    }
  }

  // Lets all go on from the barrier; false once all are done.
  bool release_block() {
    bool any = false;
    for (Thread& thread : threads_) {
      if (thread.state == State::kAtWarp) throw std::logic_error("the block's threads wait for one another in vain");
      if (thread.state == State::kDone) continue;
      thread.state = State::kReady;
      any = true;
    }
    return any;
  }

  // A coroutine starts by setcontext and goes on by longjmp, which, unlike swapcontext, makes no system call.
  [[gnu::noinline]] void resume() {
    if (_setjmp(scheduler_) != 0) return;
    if (!std::exchange(thread().started, true)) setcontext(&thread().context);
    _longjmp(thread().waiting, 1);
  }
  [[gnu::noinline]] void wait(State state) {
    thread().state = state;
    if (_setjmp(thread().waiting) == 0) _longjmp(scheduler_, 1);
  }

  // A warp's exchange: every lane fills its slot, waits for the others, reads theirs. Two sets of slots suffice, since
  // no lane can be two exchanges ahead of another.
  WarpSlot& exchange() {
    return slots_[static_cast<size_t>(running_) + static_cast<size_t>(thread().exchanges % 2) * threads_.size()];
  }
  const WarpSlot* wait_for_warp() {
    const size_t set = static_cast<size_t>(thread().exchanges % 2) * threads_.size();
    ++thread().exchanges;
    wait(State::kAtWarp);
    return &slots_[set + static_cast<size_t>(running_ / 32 * 32)];
  }

  // Lands the copies of all but the latest `pending` closed groups, and of the open one only if nothing may be pending.
  void land(int pending) {
    Thread& owner = thread();
    std::vector<Copy> later;
    for (const Copy& copy : owner.copies) {
      const bool open = copy.group == owner.groups;
      const bool due = arrival_ == CopyArrival::kAtOnce || (!open && copy.group < owner.groups - pending) ||
                       owner.state == State::kDone;
      if (!due)
        later.push_back(copy);
      else if (copy.from == nullptr)
        std::memset(copy.to, 0, 16);
      else
        std::memcpy(copy.to, copy.from, 16);
    }
    owner.copies = std::move(later);
  }

  template <class T>
  static float number(uint32_t word, int index) {
    if constexpr (std::is_same_v<T, float>) {
      const uint32_t bits = word & 0xFFFFE000U;  // TF32: the rest is not looked at
      float value;
      std::memcpy(&value, &bits, 4);
      return value;
    } else {
      const auto bits = static_cast<uint16_t>(word >> (16 * index));
      const std::conditional_t<std::is_same_v<T, __half>, __half_raw, __nv_bfloat16_raw> raw{bits};
      return static_cast<float>(T(raw));
    }
  }

  Thread& thread() { return threads_[static_cast<size_t>(running_)]; }

  inline static BlockEmulation* current_ = nullptr;
  inline static std::vector<std::unique_ptr<char[]>> stacks_;  // one block after the other uses them
  const std::function<void()>& body_;
  uint32_t block_;
  CopyArrival arrival_;
  std::mt19937 random_;
  std::vector<Thread> threads_;
  std::vector<WarpSlot> slots_;
  Guarded shared_;
  jmp_buf scheduler_;
  int running_ = 0;
  std::string failure_;
};

template <class... Parameters, class... Arguments>
void run_kernel(void (*kernel)(Parameters...), Grid grid, CudaStream, Arguments... arguments) {
  const std::function<void()> thread = [&] { kernel(arguments...); };
  for (uint32_t block = 0; block < grid.blocks; ++block) BlockEmulation::run(grid, block, thread);
}

inline void block_barrier() { BlockEmulation::current().block_barrier(); }
inline unsigned char* block_memory() { return BlockEmulation::current().block_memory(); }
inline void copy16_async(void* shared, const void* global, bool valid) {
  BlockEmulation::current().copy16_async(shared, global, valid);
}
inline void close_copy_group() { BlockEmulation::current().close_copy_group(); }
template <int kPending>
void wait_copy_groups() {
  BlockEmulation::current().wait_copy_groups(kPending);
}
inline void load_matrices(const void* shared, uint32_t (&words)[4]) {
  BlockEmulation::current().load_matrices(shared, words);
}
template <class T>
void multiply_add(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  BlockEmulation::current().multiply_add<T>(sum, a, b);
}
inline uint32_t round_to_tf32(uint32_t bits) { return (bits + 0x1000U) & 0xFFFFE000U; }

}  // namespace vgg16

// What nvcc knows by itself.
#define blockIdx (::vgg16::BlockEmulation::current().block_index())
#define threadIdx (::vgg16::BlockEmulation::current().thread_index())
#undef __launch_bounds__
#define __launch_bounds__(threads)
