// The table of scores at the end of training, as text, and what makes text fit a width.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "vgg16/classifier.h"

namespace vgg16 {

/// A width that everything fits.
inline constexpr size_t kAnyWidth = std::numeric_limits<size_t>::max();

/// Precision, recall, F1 and support of every class, the accuracy and the averages, in the layout of scikit-learn's
/// classification_report with two digits; ends with a newline. Names are escaped, and aligned by their number of code
/// points. If the lines have more than `width` of these, titles are shorter and columns narrower.
[[nodiscard]] std::string classification_report(const Report& report, size_t width = kAnyWidth);

/// The same scores as CSV, with all digits: a header, a line for each class, and lines for accuracy, macro avg and
/// weighted avg.
[[nodiscard]] std::string classification_csv(const Report& report);

/// The lines of `text`, of which those with more than `width` code points are continued at a space, indented by four
/// more than they are. What has no spaces is not cut, and stays too long.
[[nodiscard]] std::string wrapped(std::string_view text, size_t width);

/// The largest number of code points in a line of `text`.
[[nodiscard]] size_t widest_line(std::string_view text);

}  // namespace vgg16
