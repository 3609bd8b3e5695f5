// The squared hinge loss of linear SVMs, one against the rest.
#pragma once

#include <Eigen/Core>
#include <algorithm>

namespace vgg16 {

/// Of a row with the score f and y = +1 or -1: max(0, 1 - y f)^2. A column of scores belongs to the class of its
/// number, whose rows have y = +1 there; with two classes the only column belongs to class 1.
struct SquaredHinge {
  int columns = 1;

  [[nodiscard]] double sign(int label, Eigen::Index column) const {
    return (columns == 1 ? label == 1 : label == column) ? 1.0 : -1.0;
  }
  /// What a row's score is short of the margin, max(0, 1 - y f).
  [[nodiscard]] double slack(double score, int label, Eigen::Index column) const {
    return std::max(0.0, 1.0 - sign(label, column) * score);
  }
};

}  // namespace vgg16
