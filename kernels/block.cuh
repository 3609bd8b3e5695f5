// Operations of all threads of a block. Kernels call these instead of CUDA's intrinsics, so that tests can compile the
// same source for the host, where tests/support/cuda_emulation.h defines them.
#pragma once

#ifdef __CUDACC__

namespace vgg16 {

/// Waits for all threads of the block, every one of which must call it. What any of them wrote to shared memory before
/// is visible to all of them after.
__device__ __forceinline__ void block_barrier() { __syncthreads(); }

}  // namespace vgg16

#endif
