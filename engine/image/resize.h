// Nearest-neighbour resizing along one axis: which source pixel each output pixel copies.
#pragma once

#include <vector>

namespace vgg16 {

/// The source position, 0 .. in - 1, of each of `out` output positions, in order. As in Pillow (Geometry.c,
/// ImagingScaleAffine), positions are accumulated in double instead of multiplied; at some sizes rounding makes the sum
/// fall on the other side of a whole number than the product would.
class SourceIndices {
 public:
  SourceIndices(int in, int out) : step_(static_cast<double>(in) / out), position_(step_ * 0.5) {}

  /// To be called at most `out` times.
  int next() {
    const int index = static_cast<int>(position_);
    position_ += step_;
    return index;
  }

 private:
  double step_;
  double position_;
};

/// All of them. `memory`, whose contents do not matter, may lend them its own.
[[nodiscard]] std::vector<int> nearest_indices(int in, int out, std::vector<int> memory = {});

}  // namespace vgg16
