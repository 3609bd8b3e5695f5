// Pooling over all positions on the device: a layer's output becomes one short row per picture.
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// y[n,c] = mean, or maximum, over i and j of x[n,i,j,c]. `in` (n, h, w, c), h * w >= 1, c a multiple of 16 bytes;
/// `out` (n, 1, 1, c) float32. Sums are float32, in an order that depends on h and w alone, so a picture's row does not
/// depend on its batch. NaN stays NaN. Asynchronous on `stream`.
/// Throws Error{kShape}; Error{kDevice} if the launch is refused.
void global_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);
void global_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

}  // namespace vgg16
