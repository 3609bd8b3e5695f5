#include "weights/half.h"

#include <bit>

namespace vgg16 {

uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16U) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude >= 0x7F800000U) return static_cast<uint16_t>(sign | (magnitude > 0x7F800000U ? 0x7E00U : 0x7C00U));
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // 65520 and above round to infinity
  uint32_t shift = 13;
  uint32_t mantissa = magnitude - (112U << 23U);  // exponent bias 127 -> 15, fraction still 23 bits
  if (magnitude < 0x38800000U) {                  // below 2^-14: a subnormal half
    const uint32_t exponent = magnitude >> 23U;
    if (exponent < 102) return sign;  // below 2^-25: nearer to zero
    mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    shift = 126 - exponent;
  }
  const uint32_t kept = mantissa >> shift;
  const uint32_t rest = mantissa & ((1U << shift) - 1U);
  const uint32_t middle = 1U << (shift - 1U);
  const uint32_t up = rest > middle || (rest == middle && (kept & 1U) != 0) ? 1 : 0;
  return static_cast<uint16_t>(sign | (kept + up));  // a carry moves into the exponent, as it should
}

float float_from_half(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16U;
  const uint32_t exponent = (half >> 10U) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13U));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (fraction << 13U));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
  return sign != 0 ? -magnitude : magnitude;
}

}  // namespace vgg16
