// Pooling over all positions: a layer's output becomes one short row per picture.
#pragma once

#include "kernels/device_tensor.h"
#include "kernels/plane.h"

namespace vgg16 {

/// y[c] = mean, or maximum, over the h * w >= 1 positions of one picture's plane, for the kBlock channels of block
/// `block`, 0 <= block < in.channels / kBlock. `y` holds kBlock numbers. The mean is summed in double, position by
/// position, row by row, and rounded once. NaN stays NaN. Throws nothing.
void global_avg_pool_cpu(const Plane& in, int block, float* y);
void global_max_pool_cpu(const Plane& in, int block, float* y);

/// y[n,c] = mean, or maximum, over i and j of x[n,i,j,c]. `in` (n, h, w, c), h * w >= 1, c a multiple of 16 bytes;
/// `out` (n, 1, 1, c) float32. Sums are float32 (32 partial sums, each of every 32nd position, then one another), in an
/// order that depends on h and w alone, so a picture's row does not depend on its batch. NaN stays NaN. Asynchronous on
/// `stream`. Throws Error{kShape}; Error{kDevice} if the launch is refused.
void global_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);
void global_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

}  // namespace vgg16
