// What the CPU engines do with a layer's planes: copied or pooled to rows of features.
#pragma once

#include "kernels/parallel.h"
#include "kernels/plane.h"
#include "network/vgg16.h"

namespace vgg16 {

/// Whether a max pool follows convolution `layer` of a network that ends with `last_layer`, and is computed with it.
[[nodiscard]] bool pooled(size_t layer, size_t last_layer);

/// Writes the planes of n pictures, the output of stop.layer, to `features`, of features_shape(stop, n): copied,
/// channels last, or pooled over the positions.
void write_features(const Plane* planes, int n, Stop stop, ThreadPool& threads, float* features);

}  // namespace vgg16
