// Pooling over all positions: a layer's output (n, h, w, c) becomes one row of c numbers per picture.
#pragma once

#include "kernels/device_tensor.h"
#include "kernels/plane.h"

namespace vgg16 {

/// y[c] = mean, or maximum, over the h * w >= 1 positions of one picture's plane, for the kBlock channels of block
/// `block`, 0 <= block < in.channels / kBlock. `y` has room for kBlock numbers. The mean is summed in double over the
/// positions in row-major order and rounded once, so it does not depend on the instruction set. NaN stays NaN. Runs on
/// the calling thread; throws nothing.
void global_avg_pool_cpu(const Plane& in, int block, float* y);
void global_max_pool_cpu(const Plane& in, int block, float* y);

/// y[n,c] = mean, or maximum, over i and j of x[n,i,j,c]. `in` (n, h, w, c), h * w >= 1, c numbers a multiple of 16
/// bytes; `out` (n, 1, 1, c) float32; not overlapping. Sums are float32: 32 partial sums, of which sum r takes
/// positions r, r + 32, ..., are then added in order. That order depends on h and w alone, so the row of a picture does
/// not depend on its batch. NaN stays NaN. Asynchronous on `stream`. Throws Error{kShape}; Error{kDevice} if the launch
/// is refused.
void global_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);
void global_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

}  // namespace vgg16
