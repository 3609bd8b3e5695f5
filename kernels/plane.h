// How the CPU keeps activations between layers.
#pragma once

#include <algorithm>
#include <cstdint>

namespace vgg16 {

/// Channels that stand together in an activation plane.
inline constexpr int kBlock = 16;

/// Activations of one picture between layers: float32 [channels / 16][rows][cols][16], where rows and cols include a
/// zero border of one before and at least one after the h x w values, as much as the reading layer's tiles reach over.
struct Plane {
  float* data = nullptr;
  int channels = 0;
  int h = 0, w = 0;
  int rows = 0, cols = 0;
  [[nodiscard]] float* at(int block, int y, int x) const {
    return data + ((static_cast<int64_t>(block) * rows + y + 1) * cols + x + 1) * kBlock;
  }
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(channels) * rows * cols; }
};

/// Zeroes all of the plane but its h x w values.
inline void clear_border(const Plane& plane) {
  for (int block = 0; block < plane.channels / kBlock; ++block) {
    float* first = plane.at(block, -1, -1);
    const int64_t row = int64_t{plane.cols} * kBlock;
    std::fill_n(first, row, 0.0F);
    for (int y = 0; y < plane.h; ++y) {
      std::fill_n(plane.at(block, y, -1), kBlock, 0.0F);
      std::fill_n(plane.at(block, y, plane.w), (plane.cols - 1 - plane.w) * kBlock, 0.0F);
    }
    std::fill_n(first + (plane.h + 1) * row, (plane.rows - 1 - plane.h) * row, 0.0F);
  }
}

}  // namespace vgg16
