// IEEE 754 binary16 in memory, by bit operations: the baseline processor has no instruction for it.
#pragma once

#include <bit>
#include <cstdint>

namespace vgg16 {

/// What float_to_half returns for values that round to infinity (magnitude 65,520 and more) or are not numbers.
inline constexpr uint16_t kHalfOverflow = 0xFFFF;

/// `value` rounded to the nearest half, ties to even; kHalfOverflow where there is none.
[[nodiscard]] inline uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16U) & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude >= 0x477FF000U) return kHalfOverflow;  // 65520
  if (magnitude < 0x38800000U) {                       // below 2^-14: subnormal, steps of 2^-24
    // 0.5 has steps of 2^-24, so the addition itself rounds, to even.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(aligned) - 0x3F000000U));
  }
  const uint32_t odd = (magnitude >> 13U) & 1U;
  const uint32_t rounded = magnitude - (112U << 23U) + 0xFFFU + odd;
  return static_cast<uint16_t>(sign | (rounded >> 13U));
}

/// Exact.
[[nodiscard]] inline float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16U;
  const uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude << 13U));  // inf, NaN
  // The exponent moves from bias 15 to bias 127 by an exact multiplication, which also normalises subnormals.
  const float scaled = std::bit_cast<float>(magnitude << 13U) * 0x1p112F;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled));
}

}  // namespace vgg16
