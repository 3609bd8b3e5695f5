// Large zeroed arrays for weights and activations, in huge pages if the system has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace vgg16 {

/// Owns `count` floats, all zero at first, aligned to a page (4 KiB), or to 2 MiB if it is 4 MiB or larger. The system
/// gives each page when it is first written, so memory that is never used costs nothing. Move-only.
class FloatArray {
 public:
  FloatArray() = default;
  /// Throws Error{kMemory}, which names the size.
  explicit FloatArray(int64_t count);
  ~FloatArray();
  FloatArray(FloatArray&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)),
        mapped_bytes_(std::exchange(other.mapped_bytes_, 0)),
        data_(std::exchange(other.data_, nullptr)),
        count_(std::exchange(other.count_, 0)) {}
  FloatArray& operator=(FloatArray&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(mapped_bytes_, other.mapped_bytes_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }

  [[nodiscard]] float* data() { return data_; }
  [[nodiscard]] const float* data() const { return data_; }
  [[nodiscard]] int64_t count() const { return count_; }

 private:
  void* base_ = nullptr;
  size_t mapped_bytes_ = 0;
  float* data_ = nullptr;
  int64_t count_ = 0;
};

}  // namespace vgg16
