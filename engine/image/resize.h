// Which source pixel a resized pixel copies, along one axis.
#pragma once

#include <vector>

namespace vgg16 {

/// For each of `out` positions the index, 0 .. in - 1, of the nearest of `in` source positions, by Pillow's arithmetic:
/// the positions are summed up in double, and where a sum lands on the other side of a whole number than the product
/// would, the sum counts (Geometry.c, ImagingScaleAffine).
[[nodiscard]] std::vector<int> nearest_indices(int in, int out);

}  // namespace vgg16
