// 2x2 max pooling on the device, alone and together with bias and ReLU.
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// y[n,i,j,c] = max x[n, 2i..2i+1, 2j..2j+1, c]; no padding. `in` (n, h, w, c), `out` (n, h/2, w/2, c) of the same
/// type, not overlapping; even h and w, c a multiple of 16 bytes. A NaN in the window gives NaN. Asynchronous on
/// `stream`. Throws Error{kShape}; Error{kDevice} if the launch is refused.
/// Source: Simonyan and Zisserman, arXiv:1409.1556, section 2.1.
void maxpool2x2_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

/// The same after bias and ReLU: y = max(max x + bias[c], 0), which is what pooling max(x + bias[c], 0) gives, since
/// adding and rounding keep the order. Computed in float32 and rounded once. `bias` as in bias_relu.h.
void bias_relu_maxpool2x2_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream);

}  // namespace vgg16
