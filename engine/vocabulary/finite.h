// Whether numbers are finite, in a loop without branches.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace vgg16 {

/// A magnitude's bits are ordered as the magnitude is, infinity and NaN above all.
[[nodiscard]] inline bool all_finite(std::span<const float> values) {
  uint32_t largest = 0;
  for (const float value : values) largest = std::max(largest, std::bit_cast<uint32_t>(value) & 0x7FFFFFFFU);
  return largest < 0x7F800000U;
}

}  // namespace vgg16
