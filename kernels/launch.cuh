// Helpers of all launchers: block size, element type, number of blocks.
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

/// Blocks of kThreads that give `count` threads; count is at most 2^31 - 1.
inline uint32_t blocks_for(int64_t count) { return static_cast<uint32_t>((count + kThreads - 1) / kThreads); }

}  // namespace vgg16
