// From pixels to the network's input.
#pragma once

#include <cstdint>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// Normalises rows [y_begin, y_end) of one picture: uint8 (224, 224, 3), RGB, to float32 (226, 226, 3), BGR minus
/// kMeanBgr, with a border of zeros: padding is zero after the mean is subtracted, as in the network's training. `out`
/// holds 226 * 226 * 3 floats; its border is left as it is and must be zero.
void preprocess_cpu(const uint8_t* picture, int y_begin, int y_end, float* out);

/// Normalises pictures in device memory, uint8 (n, h, w, 3), RGB, aligned to 4 bytes, to `out` (n, h, w, c), c = 4 or
/// 8: BGR minus kMeanBgr in float32, rounded once to out.type, then zeros up to channel c, as tensor cores want it. No
/// border. n * h * w must be a multiple of 4. Throws Error{kShape}; Error{kDevice} if the launch is refused.
void preprocess_cuda(const uint8_t* pictures, DeviceOut out, CudaStream stream);

}  // namespace vgg16
