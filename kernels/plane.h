// How the CPU keeps activations between layers.
#pragma once

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

}  // namespace vgg16
