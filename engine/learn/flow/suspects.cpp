#include "learn/flow/suspects.h"

#include <algorithm>
#include <numeric>

namespace vgg16 {
namespace {

/// For each class the mean probability of the class over the rows with that label; above any probability for a class
/// without rows.
Eigen::VectorXd class_thresholds(const Eigen::MatrixXd& probability, std::span<const int> labels) {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(probability.cols());
  Eigen::VectorXd count = Eigen::VectorXd::Zero(probability.cols());
  for (Eigen::Index i = 0; i < probability.rows(); ++i) {
    const int label = labels[static_cast<size_t>(i)];
    sum[label] += probability(i, label);
    count[label] += 1;
  }
  return (count.array() > 0).select(sum.array() / count.array(), 2.0);
}

/// Whether a class other than the label is the most probable one of those that reach their threshold.
bool confidently_another(const Eigen::MatrixXd& probability, Eigen::Index row, int label,
                         const Eigen::VectorXd& threshold) {
  Eigen::Index best = label;
  double highest = -1;
  for (Eigen::Index c = 0; c < probability.cols(); ++c) {
    if (probability(row, c) < threshold[c] || probability(row, c) <= highest) continue;
    best = c;
    highest = probability(row, c);
  }
  return best != label;
}

}  // namespace

std::vector<int64_t> suspect_rows(const Eigen::MatrixXd& probability, std::span<const int> labels) {
  const Eigen::VectorXd threshold = class_thresholds(probability, labels);
  int64_t count = 0;
  for (Eigen::Index i = 0; i < probability.rows(); ++i) {
    count += confidently_another(probability, i, labels[static_cast<size_t>(i)], threshold) ? 1 : 0;
  }
  const auto own = [&](int64_t row) { return probability(row, labels[static_cast<size_t>(row)]); };
  std::vector<int64_t> rows(labels.size());
  std::iota(rows.begin(), rows.end(), int64_t{0});
  std::stable_sort(rows.begin(), rows.end(), [&](int64_t a, int64_t b) { return own(a) < own(b); });
  rows.resize(static_cast<size_t>(count));
  std::erase_if(rows, [&](int64_t row) { return own(row) == probability.row(row).maxCoeff(); });
  return rows;
}

}  // namespace vgg16
