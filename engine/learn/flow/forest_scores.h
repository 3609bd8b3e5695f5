// A forest's votes as scores, so that what follows treats all classifiers alike.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "learn/solve/softmax.h"

namespace vgg16 {

/// Scores whose softmax (or sigmoid, of one column) are the mean votes (rows, classes): their logarithms, or, for two
/// classes, the log-odds. Votes of 0 are taken as 2.2e-16, as in scikit-learn's log_loss, so that the log loss of a
/// class that no tree votes for is not infinite.
[[nodiscard]] inline Eigen::MatrixXd forest_scores(const Eigen::MatrixXd& votes) {
  const auto logarithm = [](double vote) { return std::log(std::max(vote, std::numeric_limits<double>::epsilon())); };
  Eigen::MatrixXd scores = votes.unaryExpr(logarithm);
  if (score_columns(scores.cols()) > 1) return scores;
  return scores.col(1) - scores.col(0);
}

}  // namespace vgg16
