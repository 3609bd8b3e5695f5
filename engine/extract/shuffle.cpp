#include "extract/shuffle.h"

#include <array>
#include <bit>
#include <cstddef>

namespace vgg16 {
namespace {

// A seed sequence for std::mt19937 that supplies the generator's complete state, as init_by_array computes it
// (Matsumoto and Nishimura, mt19937ar.c, 2002). std::mt19937's own seeding gives other states than Python's.
class InitByArray {
 public:
  using result_type = uint32_t;

  explicit InitByArray(uint64_t seed) : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32U)} {
    key_size_ = key_[1] != 0 ? 2 : 1;
  }

  template <class Iterator>
  void generate(Iterator begin, Iterator end) const {
    constexpr size_t kWords = std::mt19937::state_size;
    std::array<uint32_t, kWords> state{};
    state[0] = 19650218U;
    for (uint32_t i = 1; i < kWords; ++i) state[i] = 1812433253U * (state[i - 1] ^ (state[i - 1] >> 30U)) + i;
    size_t i = 1;
    const auto step = [&](uint32_t factor) {
      const uint32_t mixed = state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30U)) * factor);
      return mixed;
    };
    const auto advance = [&] {
      if (++i == kWords) {
        state[0] = state[kWords - 1];
        i = 1;
      }
    };
    for (size_t k = 0; k < kWords; ++k) {  // the key is never longer than the state
      const auto j = static_cast<uint32_t>(k % key_size_);
      state[i] = step(1664525U) + key_[j] + j;
      advance();
    }
    for (size_t k = 1; k < kWords; ++k) {
      state[i] = step(1566083941U) - static_cast<uint32_t>(i);
      advance();
    }
    state[0] = 0x80000000U;
    size_t next = 0;
    for (Iterator word = begin; word != end; ++word) *word = state[next++];
  }

 private:
  std::array<uint32_t, 2> key_;
  size_t key_size_;
};

}  // namespace

PythonRandom::PythonRandom(uint64_t seed) {
  InitByArray sequence(seed);
  generator_.seed(sequence);
}

// Rejection keeps the result uniform; Python draws the same number of words, so both stay in step.
uint64_t PythonRandom::below(uint64_t n) {
  const auto bits = static_cast<int>(std::bit_width(n));
  for (;;) {
    // getrandbits(bits): 32-bit words, the lowest first; of the last one the high bits are used.
    uint64_t value = 0;
    for (int filled = 0; filled < bits; filled += 32) {
      uint64_t word = generator_();
      if (bits - filled < 32) word >>= 32 - (bits - filled);
      value |= word << filled;
    }
    if (value < n) return value;
  }
}

}  // namespace vgg16
