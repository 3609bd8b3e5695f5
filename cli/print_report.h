// The report that training ends with, as text.
#pragma once

#include <string>

#include "vgg16/classifier.h"

namespace vgg16 {

/// Precision, recall, F1 and support of every class, the accuracy and the averages, in the layout of scikit-learn's
/// classification_report with two digits; ends with a newline. Names are shown escaped and aligned by code points.
[[nodiscard]] std::string classification_report(const Report& report);

}  // namespace vgg16
