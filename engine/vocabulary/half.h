// Conversion between float and IEEE 754 binary16 by integer operations: the plain x86-64 target has no instruction for
// it, and with floating-point arithmetic subnormal numbers would depend on the mode that the calling program has set.
#pragma once

#include <bit>
#include <cstdint>

namespace vgg16 {

/// Returned by float_to_half for NaN and for values that would round to infinity (magnitude 65,520 and more).
inline constexpr uint16_t kHalfOverflow = 0xFFFF;

/// The bits of `value` rounded to the nearest half, ties to even, or kHalfOverflow.
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

/// The float with the same value; always exact.
[[nodiscard]] inline float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16U;
  const uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude << 13U));  // inf, NaN
  // The exponent moves from bias 15 to bias 127.
  if (magnitude >= 0x400U) return std::bit_cast<float>(sign | ((magnitude << 13U) + (112U << 23U)));
  if (magnitude == 0) return std::bit_cast<float>(sign);
  // Subnormal half, normal float: shift the highest set bit to the place of the implied one. Left in the sum, it adds 1
  // to the exponent, so the exponent is given as one less.
  const auto zeros = static_cast<uint32_t>(std::countl_zero(magnitude));
  return std::bit_cast<float>(sign | (((133U - zeros) << 23U) + (magnitude << (zeros - 8U))));
}

}  // namespace vgg16
