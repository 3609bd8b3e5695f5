// What a forest's importance of columns says about pictures.
#pragma once

#include <span>

#include "vgg16/classifier.h"

namespace vgg16 {

/// Sums the importance of each column by position and by channel, in which the columns of a recipe's layer and pooling
/// are ordered: (side, side, channels). Empty if the recipe does not say, or has another number of columns.
[[nodiscard]] Importance importance_by_place(std::span<const float> columns, const Recipe& recipe);

}  // namespace vgg16
