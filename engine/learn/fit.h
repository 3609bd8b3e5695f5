// One fit in the row space, from a start to a proven distance from the optimum.
#pragma once

#include <Eigen/Core>

#include "learn/row_space.h"
#include "learn/softmax.h"
#include "vgg16/classifier.h"

namespace vgg16 {

struct RowSpaceFit {
  Eigen::MatrixXd a;           ///< coefficients of the training rows; every column sums to 0
  Eigen::VectorXd intercept;   ///< of scores centred over the training rows
  FitCertificate certificate;  ///< for this very `a`
};

struct FitOptions {
  double relative_gap = 1e-6;
  int max_iterations = 200;
};

/// Fits at `c`, starting from `start`, a fit of the same rows at another c or of other rows with the same classes.
[[nodiscard]] RowSpaceFit fit_row_space(const RowSpaceOperator& k, LogLoss& loss, double c, const RowSpaceFit& start,
                                        const FitOptions& options);

/// A start for fits at `c` and above, from nothing: rough fits from a penalty so strong that it alone decides, weakened
/// tenfold at a time. Each is a few products away from the next, where a cold start at `c` would be hundreds.
[[nodiscard]] RowSpaceFit approach_row_space(const RowSpaceOperator& k, LogLoss& loss, double c);

}  // namespace vgg16
