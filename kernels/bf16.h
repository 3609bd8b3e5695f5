// Conversion from float32 to bfloat16 by integer operations, for targets that have no instruction for it.
#pragma once

#include <bit>
#include <cstdint>

namespace vgg16 {

/// The bits of `value` rounded to the nearest bfloat16, ties to even; denormal numbers become zeros of their sign and
/// every NaN a quiet one, as Intel's manual gives VCVTNEPS2BF16.
[[nodiscard]] inline uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>((bits >> 16U) | 0x40U);
  if (magnitude < 0x00800000U) return static_cast<uint16_t>((bits >> 16U) & 0x8000U);
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

/// The float32 with the same value.
[[nodiscard]] inline float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16U); }

}  // namespace vgg16
