// From pixels to the network's input.
#pragma once

#include <cstdint>

namespace vgg16 {

/// Normalises rows [y_begin, y_end) of one picture: uint8 (224, 224, 3), RGB, to float32 (226, 226, 3), BGR minus
/// kMeanBgr, with a border of zeros: padding is zero after the mean is subtracted, as in the network's training. `out`
/// holds 226 * 226 * 3 floats; its border is left as it is and must be zero.
void preprocess_cpu(const uint8_t* picture, int y_begin, int y_end, float* out);

}  // namespace vgg16
