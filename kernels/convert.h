// Conversion on the GPU between float32 and the 16-bit types of activations and weights.
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// out[i] = in[i], rounded to nearest even. `in` and `out` have the same shape (n, h, w, c), and at least one of them
/// is float32. c is a multiple of 8 where the other type has 16 bits, otherwise of 4. They must not overlap. The order
/// of the numbers does not change. Asynchronous on `stream`. Throws Error{kShape}; Error{kDevice} if the launch is
/// refused.
void convert_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

}  // namespace vgg16
