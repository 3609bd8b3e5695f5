// Nearest-neighbour resizing along one axis: which source pixel each output pixel copies.
#pragma once

#include <vector>

namespace vgg16 {

/// For each of `out` output positions the index, 0 .. in - 1, of its source position. As in Pillow (Geometry.c,
/// ImagingScaleAffine), positions are accumulated in double instead of multiplied; at some sizes rounding makes the sum
/// fall on the other side of a whole number than the product would.
[[nodiscard]] std::vector<int> nearest_indices(int in, int out);

}  // namespace vgg16
