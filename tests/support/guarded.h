// Memory with fences, for the output of a kernel: filled with NaN beforehand, as is an area on each side that the
// kernel must not touch.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace vgg16 {

/// `count` elements of `element_bytes`, all bits set (NaN in every floating-point type), between two fences of 4 KiB.
class Guarded {
 public:
  static constexpr size_t kFence = 4096;
  Guarded(int64_t count, size_t element_bytes)
      : memory_((static_cast<size_t>(count) * element_bytes + 2 * kFence + 15) / 16),
        size_(static_cast<size_t>(count) * element_bytes) {
    std::memset(memory_.data(), 0xFF, memory_.size() * 16);
  }
  /// Aligned to 16 bytes.
  template <class T>
  T* data() {
    return reinterpret_cast<T*>(bytes() + kFence);
  }
  [[nodiscard]] bool fences_intact() {
    const unsigned char* at = bytes();
    for (size_t i = 0; i < memory_.size() * 16; ++i) {
      if ((i < kFence || i >= kFence + size_) && at[i] != 0xFF) return false;
    }
    return true;
  }
  /// The whole of it, fences included, for copies to and from a device.
  unsigned char* bytes() { return reinterpret_cast<unsigned char*>(memory_.data()); }
  [[nodiscard]] int64_t total_bytes() const { return static_cast<int64_t>(memory_.size() * 16); }

 private:
  struct alignas(16) Block {
    unsigned char bytes[16];
  };
  std::vector<Block> memory_;
  size_t size_;
};

}  // namespace vgg16
