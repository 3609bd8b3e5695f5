// One fit in the row space, from a start to a proven distance from the optimum.
#pragma once

#include <Eigen/Core>

#include "learn/row_space.h"
#include "vgg16/classifier.h"

namespace vgg16 {

struct RowSpaceFit {
  Eigen::MatrixXd a;           ///< coefficients of the training rows; every column sums to 0
  Eigen::VectorXd intercept;   ///< of scores centred over the training rows
  FitCertificate certificate;  ///< for this very `a`: its scores are computed afresh, not carried along
};

struct FitOptions {
  double relative_gap = 1e-6;
  int max_iterations = 10000;
};

/// Starts from `a` and `intercept`, (rows, columns) and (columns).
[[nodiscard]] RowSpaceFit fit_row_space(const RowSpaceOperator& k, LogLoss& loss, double c, const Eigen::MatrixXd& a,
                                        const Eigen::VectorXd& intercept, const FitOptions& options);

}  // namespace vgg16
