// The squared hinge loss of linear SVMs, one against the rest.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <span>

namespace vgg16 {

/// Of a row with the score f and y = +1 or -1: max(0, 1 - y f)^2. A column of scores belongs to the class of its
/// number, whose rows have y = +1 there; with two classes the only column belongs to class 1.
struct SquaredHinge {
  int columns = 1;

  [[nodiscard]] double sign(int label, Eigen::Index column) const {
    return (columns == 1 ? label == 1 : label == column) ? 1.0 : -1.0;
  }
  /// The t in [0, 1] at which penalty + sum of c_i max(0, 1 - y_i (f_i + t df_i))^2 is smallest, where `slope` and
  /// `bend` are the penalty's first and second derivative by t at 0. `labels`, `c`, `f` and `df` have one number per
  /// row.
  [[nodiscard]] double step_length(std::span<const int> labels, Eigen::Index column,
                                   const Eigen::Ref<const Eigen::ArrayXd>& c,
                                   const Eigen::Ref<const Eigen::VectorXd>& f,
                                   const Eigen::Ref<const Eigen::VectorXd>& df, double slope, double bend) const;

  /// What a row's score is short of the margin, max(0, 1 - y f).
  [[nodiscard]] double slack(double score, int label, Eigen::Index column) const {
    return std::max(0.0, 1.0 - sign(label, column) * score);
  }
};

}  // namespace vgg16
