// Operations and memory of all threads of a block. Kernels call these instead of CUDA's intrinsics, so that tests can
// compile the same source for the host, where tests/support/cuda_emulation.h defines them.
#pragma once

#ifdef __CUDACC__

namespace vgg16 {

/// Waits for all threads of the block, every one of which must call it. What any of them wrote to shared memory before
/// is visible to all of them after.
__device__ __forceinline__ void block_barrier() { __syncthreads(); }

/// The block's shared memory, Grid::shared_bytes (launch.cuh) of it, aligned to 128 bytes; not initialised.
__device__ __forceinline__ unsigned char* block_memory() {
  extern __shared__ __align__(128) unsigned char memory[];
  return memory;
}

}  // namespace vgg16

#endif
