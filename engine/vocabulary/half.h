// IEEE 754 binary16 in memory, by operations on integers: the baseline processor has no instruction
// for it, and what floating-point arithmetic makes of subnormal numbers depends on the mode that the host has set.
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
    const uint32_t shift = 126U - (magnitude >> 23U);  // from steps of 2^(exponent - 150)
    if (shift > 24U) return static_cast<uint16_t>(sign);
    const uint32_t significand = (magnitude & 0x7FFFFFU) | 0x800000U;
    const uint32_t odd = (significand >> shift) & 1U;
    return static_cast<uint16_t>(sign | ((significand + (1U << (shift - 1U)) - 1U + odd) >> shift));
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
  // The exponent moves from bias 15 to bias 127.
  if (magnitude >= 0x400U) return std::bit_cast<float>(sign | ((magnitude << 13U) + (112U << 23U)));
  if (magnitude == 0) return std::bit_cast<float>(sign);
  // Subnormal: the highest bit moves to where it is implied, and counts one up in the exponent.
  const auto zeros = static_cast<uint32_t>(std::countl_zero(magnitude));
  return std::bit_cast<float>(sign | (((133U - zeros) << 23U) + (magnitude << (zeros - 8U))));
}

}  // namespace vgg16
