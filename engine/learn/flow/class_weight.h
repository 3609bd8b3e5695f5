// The weights of classes as numbers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vgg16/classifier.h"

namespace vgg16 {

/// One weight per class for a fit on rows with these labels, 0 .. names.size() - 1, in which every class occurs; empty
/// if all are 1. Throws Error{kInvalidArgument} for a weight that is not a number above 0, and for a name that is not
/// among `names`.
[[nodiscard]] std::vector<double> class_weights(const ClassWeight& weight, const std::vector<std::string>& names,
                                                std::span<const int> labels);

}  // namespace vgg16
