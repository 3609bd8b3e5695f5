// Views of arrays: a pointer and a shape. They own nothing; the caller keeps the memory alive during the call.
#pragma once

#include <cstdint>

#pragma GCC visibility push(default)
namespace vgg16 {

/// Dimensions in the order images, rows, columns, channels (NHWC): the layout at every interface.
struct Shape4 {
  int n = 0, h = 0, w = 0, c = 0;
  [[nodiscard]] constexpr int64_t count() const { return int64_t{n} * h * w * c; }
  friend constexpr bool operator==(const Shape4& a, const Shape4& b) {
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
  }
  friend constexpr bool operator!=(const Shape4& a, const Shape4& b) { return !(a == b); }
};

/// float32 in host memory to read: contiguous, channels last. No alignment beyond a float's is required.
struct HostIn {
  const float* data = nullptr;
  Shape4 shape;
};

/// The same, to write.
struct HostOut {
  float* data = nullptr;
  Shape4 shape;
};

/// A batch of pictures in host memory: uint8, (n, 224, 224, 3), RGB.
struct ImagesIn {
  const uint8_t* data = nullptr;
  int n = 0;
};

/// The same in the memory of a GPU. A type of its own, so that a host pointer in its place does not compile.
struct DeviceImagesIn {
  const uint8_t* data = nullptr;
  int n = 0;
};

/// Rows of float32 in the memory of a GPU, to write.
struct DeviceRowsOut {
  float* data = nullptr;
};

}  // namespace vgg16
#pragma GCC visibility pop
