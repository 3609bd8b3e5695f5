// Random numbers for trees: quick to begin, one generator per tree, the same numbers on every machine.
#pragma once

#include <cstdint>

namespace vgg16 {

/// SplitMix64: a counter, mixed. Steele, Lea and Flood, OOPSLA 2014, figure 16.
class Draws {
 public:
  /// Generators of different trees of a seed begin at mixed, hence unrelated, places.
  Draws(uint64_t seed, uint64_t tree) : state_(mixed(mixed(seed) + tree)) {}

  /// A number below `count`, which is at least 1. Every number is equally likely, up to count / 2^32.
  [[nodiscard]] uint32_t below(uint32_t count) {
    state_ += kStep;
    return static_cast<uint32_t>((mixed(state_) >> 32U) * count >> 32U);
  }

  /// A number from 0 to below 1, a multiple of 2^-53.
  [[nodiscard]] double share() {
    state_ += kStep;
    return static_cast<double>(mixed(state_) >> 11U) * 0x1p-53;
  }

 private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15U;
  static constexpr uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  uint64_t state_;
};

}  // namespace vgg16
