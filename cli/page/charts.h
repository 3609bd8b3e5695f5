// The charts of a page, as SVG. All that they show is also in a table beside them.
#pragma once

#include "html.h"
#include "vgg16/classifier.h"

namespace vgg16::page {

/// The score of each value of C, or of each size of a forest: every fold, the mean, and the chosen one. Nothing for a
/// single candidate, which makes no curve.
[[nodiscard]] Html search_chart(const Report& report);

/// How often predictions are right by the probability that they are given, with the interval of each bin.
[[nodiscard]] Html calibration_chart(const Report& report);

/// "C = 0.1", "100 trees, at least 3 rows a leaf".
[[nodiscard]] std::string candidate_name(const Candidate& candidate);

}  // namespace vgg16::page
