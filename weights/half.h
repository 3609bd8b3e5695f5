// IEEE 754 half precision, in software: exact, and the same on every machine.
#pragma once

#include <cstdint>

namespace vgg16 {

/// The half nearest to `value`, ties to even; values beyond 65504 (after rounding) become infinity, NaN stays NaN.
[[nodiscard]] uint16_t half_from_float(float value);

/// Exact.
[[nodiscard]] float float_from_half(uint16_t half);

}  // namespace vgg16
