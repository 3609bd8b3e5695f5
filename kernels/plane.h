// The layout of activations between layers on the CPU: blocks of 16 channels, with a zero border.
#pragma once

#include <algorithm>
#include <cstdint>

namespace vgg16 {

/// Channels per block: one AVX-512 vector of float32, two of AVX2, one cache line.
inline constexpr int kBlock = 16;

/// Activations of one picture between layers: float32 [channels / 16][rows][cols][16], channels a multiple of 16. A
/// view: it owns nothing. rows and cols include the zero padding of the convolution that reads the plane: one row or
/// column before the h x w values, and after them one or as many more as that layer's last tiles reach over
/// (WinogradLayer::padded_side). So no kernel needs a special case at the edge.
struct Plane {
  float* data = nullptr;
  int channels = 0;
  int h = 0, w = 0;
  int rows = 0, cols = 0;
  /// The 16 channels of pixel (y, x); -1 is the border before the first.
  [[nodiscard]] float* at(int block, int y, int x) const {
    return data + ((static_cast<int64_t>(block) * rows + y + 1) * cols + x + 1) * kBlock;
  }
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(channels) * rows * cols; }
};

/// Zeroes the border, all but the h x w values. Planes of several layers share memory, so this is needed before every
/// use.
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
