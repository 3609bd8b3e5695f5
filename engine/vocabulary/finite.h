// Checking that numbers are finite, in a loop without branches, which compilers vectorise.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace vgg16 {

/// Whether no value is infinite or NaN. Works on bits, which does not depend on -ffast-math: without the sign, the bits
/// of floats are ordered like their magnitudes, and infinity and NaN come after all finite numbers.
[[nodiscard]] inline bool all_finite(std::span<const float> values) {
  uint32_t largest = 0;
  for (const float value : values) largest = std::max(largest, std::bit_cast<uint32_t>(value) & 0x7FFFFFFFU);
  return largest < 0x7F800000U;
}

}  // namespace vgg16
