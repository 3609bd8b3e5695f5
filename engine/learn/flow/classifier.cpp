#include "vgg16/classifier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

#include "learn/flow/calibration.h"
#include "learn/solve/softmax.h"
#include "vgg16/error.h"
#include "vocabulary/finite.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {

std::string_view classifier_name(ClassifierKind kind) {
  return kind == ClassifierKind::kSvm ? "svm" : kind == ClassifierKind::kForest ? "forest" : "logistic";
}

std::string_view solver_name(Solver solver) {
  return solver == Solver::kAuto ? "auto" : solver == Solver::kNewton ? "newton" : "lbfgs";
}

namespace {

/// Trees that are walked side by side, so that the time to fetch a node of one is used for the others.
constexpr size_t kTreesAtOnce = 16;

/// `sum` becomes the mean of the votes of all trees, added in their order.
void mean_votes(const Forest& forest, std::span<const float> row, std::span<double> sum) {
  std::fill(sum.begin(), sum.end(), 0.0);
  const size_t trees = forest.roots.size();
  for (size_t first = 0; first < trees; first += kTreesAtOnce) {
    std::array<uint32_t, kTreesAtOnce> at{};
    const size_t count = std::min(kTreesAtOnce, trees - first);
    std::copy_n(forest.roots.begin() + static_cast<std::ptrdiff_t>(first), count, at.begin());
    for (bool moved = true; moved;) {
      moved = false;
      for (size_t t = 0; t < count; ++t) {
        const Forest::Node node = forest.nodes[at[t]];
        if (node.child == 0) continue;
        at[t] = node.child + (row[node.column] <= node.threshold ? 0 : 1);
        moved = true;
      }
    }
    for (size_t t = 0; t < count; ++t) {
      for (const Forest::Vote& vote : forest.leaf(forest.nodes[at[t]].column)) {
        sum[vote.label] += static_cast<double>(vote.share);
      }
    }
  }
  // By their sum, not by the number of trees: shares are rounded to floats.
  const double all = std::accumulate(sum.begin(), sum.end(), 0.0);
  for (double& of_class : sum) of_class /= all;
}

}  // namespace

std::vector<double> Classifier::predict_probabilities(std::span<const float> row) const {
  std::vector<double> out(classes.size());
  predict_probabilities(row, out);
  return out;
}

void Classifier::predict_probabilities(std::span<const float> row, std::span<double> out) const {
  const StandardFloatingPoint mode;
  if (static_cast<int64_t>(row.size()) != columns) {  // no message is made where it is not needed
    throw Error(ErrorCode::kShape, "a row of " + std::to_string(row.size()) + " numbers, expected " +
                                       std::to_string(columns) + " as the model was trained on");
  }
  require(out.size() == classes.size() && out.size() >= intercept.size(), ErrorCode::kShape,
          "room for probabilities of another number of classes than the model has");
  if (kind == ClassifierKind::kForest) {
    require(all_finite(row), ErrorCode::kRefused, "a number of the row is not finite");
    return mean_votes(forest, row, out);
  }
  // In double, column by column: the same order of summation for every model and machine.
  const std::span<double> scores = out.first(intercept.size());
  bool finite = true;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double* w = coef.data() + i * row.size();
    double sum = 0;
    for (size_t d = 0; d < row.size(); ++d) sum += w[d] * row[d];
    scores[i] = sum + intercept[i];
    finite = finite && std::isfinite(scores[i]);
  }
  require(finite, ErrorCode::kRefused,
          "the scores of a row are not finite: a coefficient or a number of the row is too large or not finite");
  if (kind == ClassifierKind::kSvm) calibrate_row(scores, sigmoids);
  probabilities_of_row(scores.size(), out);
}

}  // namespace vgg16
