// Bias and ReLU on the GPU, for convolution engines of cuDNN that do not include them.
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// y[n,i,j,c] = max(x[n,i,j,c] + bias[c], 0), computed in float32 and rounded once. `in` and `out` (n, h, w, c) have
/// the same shape and type; c numbers are a multiple of 16 bytes. `out` may be the same memory as `in`, otherwise they
/// must not overlap. `bias`: c float32 in device memory, aligned to 16 bytes. NaN stays NaN. Asynchronous on `stream`.
/// Throws Error{kShape}; Error{kDevice} if the launch is refused.
void bias_relu_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream);

}  // namespace vgg16
