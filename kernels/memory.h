// Large zeroed arrays for the engine: aligned, in huge pages where the system gives them, taken once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace vgg16 {

/// `count` floats, all zero, aligned to a cache line (2 MiB from 4 MiB on). Pages are taken at first touch. Move-only.
class FloatArray {
 public:
  FloatArray() = default;
  /// Throws Error{kMemory}, naming the size.
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
