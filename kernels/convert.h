// Between float32 and the types that the device computes in.
#pragma once

#include "kernels/device_tensor.h"

namespace vgg16 {

/// out = in, number by number, rounded to nearest even; `in` and `out` have one shape, and at least one of them is
/// float32. An activation (n, h, w, c) becomes n rows of h * w * c, because channels are last on both sides.
/// c a multiple of 16 bytes of the narrower type; not overlapping. Asynchronous on `stream`.
/// Throws Error{kShape}; Error{kDevice} if the launch is refused.
void convert_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

}  // namespace vgg16
