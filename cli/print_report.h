// The table of scores at the end of training, as text.
#pragma once

#include <string>

#include "vgg16/classifier.h"

namespace vgg16 {

/// Precision, recall, F1 and support of every class, the accuracy and the averages, in the layout of scikit-learn's
/// classification_report with two digits; ends with a newline. Names are escaped, and aligned by their number of code
/// points.
[[nodiscard]] std::string classification_report(const Report& report);

}  // namespace vgg16
