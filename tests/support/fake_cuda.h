// A CUDA device that is not there. A test program that links fake_cuda.cpp gets it in place of CUDA's runtime and of
// cuDNN, with everything above them real: it takes and gives back memory, queues work until somebody waits for it,
// records graphs, and fails when told to. It runs no kernels but those that are compiled with cuda_emulation.h.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace vgg16 {

/// When an asynchronous copy from device to shared memory is done.
enum class CopyArrival { kAtOnce, kWhenWaitedFor };

struct FakeCuda {
  // The machine.
  cudaError_t discovery = cudaSuccess;  ///< what asking for devices gives
  int devices = 1;
  int architecture = 90;
  int processors = 132;
  bool has_cudnn = true;
  bool fuses_bias_and_relu = true;  ///< cuDNN has engines for the whole graph
  int64_t memory_bytes = int64_t{16} << 30;
  CopyArrival copies_land = CopyArrival::kWhenWaitedFor;  ///< in kernels that cuda_emulation.h runs

  // The fault: call number `fail_at`, from 1, gives `error`; if that is sticky, all later ones do.
  int64_t fail_at = 0;
  cudaError_t error = cudaSuccess;

  // Counters of what happened.
  int64_t calls = 0;        ///< that can fail
  int64_t allocations = 0;  ///< of device and pinned memory
  int64_t graph_launches = 0;
  int64_t kernel_launches = 0;
  int64_t convolutions = 0;
  int64_t waits = 0;                      ///< of the host for the device
  std::function<void()> at_graph_launch;  ///< is called
  std::vector<std::string> violations;    ///< of CUDA's or cuDNN's rules, such as waiting while recording

  /// A row that comes back is filled with the number of its picture, which is that of the picture's first two bytes.
  /// 0: rows are left as they are, which is quicker.
  int64_t row_numbers = 25088;
  std::span<const uint8_t> pictures_on_device;  ///< of the caller's; other copies within the device are of rows

  [[nodiscard]] bool reached() const { return fail_at > 0 && calls >= fail_at; }
};

/// Resets the fake device to its initial state; forgets what has not been given back.
FakeCuda& reset_fake_cuda();
[[nodiscard]] FakeCuda& fake_cuda();

/// What has not been given back: "stream", "device memory", ...
[[nodiscard]] std::multiset<std::string> held_on_fake_cuda();

}  // namespace vgg16
