// Python's random.Random(seed).shuffle, so that the order of rows can be reproduced and checked in Python.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace vgg16 {

/// The generator behind Python's random.Random(seed) for a non-negative integer seed: MT19937 whose state is filled by
/// init_by_array from the seed's 32-bit words, lowest first (CPython, Modules/_randommodule.c, random_seed).
class PythonRandom {
 public:
  explicit PythonRandom(uint64_t seed);

  /// Uniform in [0, n), n > 0, by rejection from n's bit length (Lib/random.py, _randbelow_with_getrandbits).
  [[nodiscard]] uint64_t below(uint64_t n);

 private:
  std::mt19937 generator_;
};

/// Shuffles `items` as random.Random(seed).shuffle(items) does: Fisher-Yates from the end, each item swapped with one
/// at or before it.
template <class T>
void python_shuffle(std::span<T> items, uint64_t seed) {
  PythonRandom random(seed);
  for (size_t i = items.size(); i-- > 1;) std::swap(items[i], items[random.below(i + 1)]);
}

}  // namespace vgg16
