// Seeded random inputs: the same on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace vgg16 {

/// Uniform in [low, high), float32.
inline std::vector<float> random_floats(int64_t count, uint32_t seed, float low = -1, float high = 1) {
  std::mt19937 generator(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    value = low + (high - low) * static_cast<float>(generator() >> 8U) * 0x1p-24F;
  }
  return values;
}

/// Uniform bytes.
inline std::vector<uint8_t> random_bytes(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<uint8_t> values(static_cast<size_t>(count));
  for (uint8_t& value : values) value = static_cast<uint8_t>(generator() >> 24U);
  return values;
}

}  // namespace vgg16
