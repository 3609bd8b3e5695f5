// Features and labels in .npy files.
#pragma once

#include <filesystem>

#include "features/labels.h"
#include "npy/npy_array.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

/// The rows of a two-dimensional array of float16, float32 or float64; the table has no labels. Throws as
/// open_feature_file.
[[nodiscard]] FeatureTable npy_table(PosixFile file);

/// Labels in an array of shape (N) or (N, 1): integers, whole numbers in floating point, bool, or text ('U', 'S').
[[nodiscard]] LabelValues npy_labels(PosixFile file);

}  // namespace vgg16
