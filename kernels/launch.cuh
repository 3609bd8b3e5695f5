// Helpers of all launchers: block size, element type, grid, launch.
#pragma once

#include <cstdint>

#include "kernels/cuda_check.h"
#include "kernels/vector.cuh"

namespace vgg16 {

/// Threads per block of every element-wise kernel: a multiple of the warp, and 8 blocks fill a multiprocessor of sm_90
/// (README.md has the occupancy).
inline constexpr int kThreads = 256;

/// Calls launch(T{}) with the type that `type` names.
template <class Launch>
void with_type(ElementType type, const Launch& launch) {
  switch (type) {
    case ElementType::kF32:
      return launch(float{});
    case ElementType::kF16:
      return launch(__half{});
    case ElementType::kBf16:
      return launch(__nv_bfloat16{});
  }
}

/// The threads of one launch, and the bytes of shared memory that each block of them has.
struct Grid {
  uint32_t blocks;
  int threads;  ///< of a block
  int shared_bytes = 0;
};

/// At least `count` threads, which is at most 2^31 - 1, in blocks of kThreads.
inline Grid grid_for(int64_t count) { return {static_cast<uint32_t>((count + kThreads - 1) / kThreads), kThreads}; }

#ifdef __CUDACC__
/// kernel(arguments...) for every thread of `grid`; `Parameters` are the kernel's, which `arguments` convert to.
template <class... Parameters, class... Arguments>
void run_kernel(void (*kernel)(Parameters...), Grid grid, CudaStream stream, Arguments... arguments) {
  // Beyond 48 KiB a kernel has to ask, on every device that it runs on.
  if (grid.shared_bytes > 48 << 10)
    VGG16_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, grid.shared_bytes));
  kernel<<<grid.blocks, static_cast<unsigned>(grid.threads), static_cast<size_t>(grid.shared_bytes), stream>>>(
      arguments...);
}
#endif

/// Puts a kernel into `stream`; nothing for an empty grid, which CUDA refuses. Throws Error{kDevice} naming `name`, the
/// launcher, if the launch is refused. Where tests compile the launchers for the host, run_kernel is that of
/// tests/support/cuda_emulation.h.
template <class Kernel, class... Arguments>
void launch(const char* name, Kernel* kernel, Grid grid, CudaStream stream, Arguments... arguments) {
  if (grid.blocks == 0) return;
  run_kernel(kernel, grid, stream, arguments...);
  check_launch(name, stream);
}

}  // namespace vgg16
