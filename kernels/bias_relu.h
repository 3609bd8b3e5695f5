// Bias and ReLU on the device, for convolutions that come without.
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// y[n,i,j,c] = max(x[n,i,j,c] + bias[c], 0), computed in float32 and rounded once. `in` and `out` have one shape and
/// type, c a multiple of 16 bytes; `out` may be `in` itself, and else must not overlap it. `bias`: c float32 in device
/// memory, aligned to 16 bytes. NaN stays NaN. Asynchronous on `stream`.
/// Throws Error{kShape}; Error{kDevice} if the launch is refused.
void bias_relu_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream);

}  // namespace vgg16
