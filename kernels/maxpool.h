// 2x2 max pooling with stride 2 on the GPU, alone or fused with bias and ReLU. On the CPU it is fused into the
// convolution (transform_output in conv3x3_cpu.h).
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// y[n,i,j,c] = max x[n, 2i..2i+1, 2j..2j+1, c]; no padding. `in` (n, h, w, c), `out` (n, h/2, w/2, c) of the same
/// type, not overlapping; h and w even, c numbers a multiple of 16 bytes. A NaN in the window gives NaN. Asynchronous
/// on `stream`. Throws Error{kShape}; Error{kDevice} if the launch is refused. Source: Simonyan and Zisserman,
/// arXiv:1409.1556, section 2.1.
void maxpool2x2_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

/// The same of max(x + bias[c], 0), computed as max(max x + bias[c], 0): adding a constant, rounding and ReLU preserve
/// order, so both give the same bits and this one adds and rounds a quarter as often. Computed in float32 and rounded
/// once. `bias`: c float32 in device memory, aligned to 16 bytes.
void bias_relu_maxpool2x2_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream);

}  // namespace vgg16
