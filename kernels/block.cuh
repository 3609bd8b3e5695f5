// What the threads of a block do together.
//
// A kernel whose threads work together calls these by name, so that tests can compile the same source for the host,
// where tests/support/cuda_emulation.h defines them.
#pragma once

#ifdef __CUDACC__

namespace vgg16 {

/// All threads of the block; what they wrote to shared memory before is visible after.
__device__ __forceinline__ void block_barrier() { __syncthreads(); }

}  // namespace vgg16

#endif
