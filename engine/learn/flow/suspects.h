// Rows whose label may be wrong, by probabilities from fits that did not train on them.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

namespace vgg16 {

/// Rows of `probability` (rows, classes) whose label may be wrong, the least probable label first.
///
/// Their number is that of confident learning: of the rows for which a class other than their label is the most
/// probable one among the classes that reach their threshold, the mean probability that the rows labelled so give to
/// that class. The rows are those with the lowest probability of their own label, except rows whose label is the
/// predicted class. The thresholds make the rule robust against probabilities that are too sure, as those of a large C
/// are, and against classes that are hard to tell apart.
///
/// Source: Northcutt, Jiang and Chuang, J. Artif. Intell. Res. 70, 2021 (arXiv:1911.00068), equations 1 and 2; the rows
/// are those of cleanlab's find_label_issues(filter_by="low_self_confidence"), of its filters the most precise one that
/// finds as many (bench/RESULTS.md).
[[nodiscard]] std::vector<int64_t> suspect_rows(const Eigen::MatrixXd& probability, std::span<const int> labels);

}  // namespace vgg16
