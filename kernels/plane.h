// The layout of activations between layers on the CPU: blocks of channels, with a zero border.
#pragma once

#include <algorithm>
#include <cstdint>

namespace vgg16 {

/// Activations of one picture between layers: [channels / Block][rows][cols][Block], channels a multiple of Block. A
/// view: it owns nothing. rows and cols include the zero padding of the convolution that reads the plane: one row or
/// column before the h x w values, and after them one or as many more as that layer's last tiles reach over
/// (WinogradLayer::padded_side). So no kernel needs a special case at the edge.
template <class Element, int Block>
struct BlockedPlane {
  static constexpr int kChannels = Block;  ///< of one pixel in one block
  Element* data = nullptr;
  int channels = 0;
  int h = 0, w = 0;
  int rows = 0, cols = 0;
  /// The channels of pixel (y, x) in one block; -1 is the border before the first.
  [[nodiscard]] Element* at(int block, int y, int x) const {
    return data + ((static_cast<int64_t>(block) * rows + y + 1) * cols + x + 1) * Block;
  }
  /// Elements from a row to the next, and from a block of channels to the next.
  [[nodiscard]] int64_t row_stride() const { return int64_t{cols} * Block; }
  [[nodiscard]] int64_t block_stride() const { return rows * row_stride(); }
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(channels) * rows * cols; }
};

/// Channels per block of float32: one AVX-512 vector, two of AVX2, one cache line.
inline constexpr int kBlock = 16;
using Plane = BlockedPlane<float, kBlock>;

/// Channels per block of bfloat16, which are one cache line too, and one row of an AMX tile.
inline constexpr int kBf16Block = 32;
/// Elements are the bits of bfloat16 numbers.
using Bf16Plane = BlockedPlane<uint16_t, kBf16Block>;

/// Zeroes the border of n planes, all but the h x w values. Planes of several layers share memory, so this is needed
/// before every use.
template <class Element, int Block>
void clear_borders(const BlockedPlane<Element, Block>* planes, int n) {
  for (int i = 0; i < n * planes->channels / Block; ++i) {
    const auto& plane = planes[i / (planes->channels / Block)];
    const int block = i % (planes->channels / Block);
    Element* first = plane.at(block, -1, -1);
    const int64_t row = plane.row_stride();
    std::fill_n(first, row, Element{});
    for (int y = 0; y < plane.h; ++y) {
      std::fill_n(plane.at(block, y, -1), Block, Element{});
      std::fill_n(plane.at(block, y, plane.w), (plane.cols - 1 - plane.w) * Block, Element{});
    }
    std::fill_n(first + (plane.h + 1) * row, (plane.rows - 1 - plane.h) * row, Element{});
  }
}

}  // namespace vgg16
