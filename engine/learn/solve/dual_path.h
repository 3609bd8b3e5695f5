// Fits of the same rows for increasing C in the dual form, W = A' X: what the search needs of either classifier.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "learn/solve/row_space.h"
#include "learn/solve/step_report.h"
#include "vgg16/classifier.h"

namespace vgg16 {

struct FitOptions {
  double relative_gap = 1e-6;
  int max_iterations = 200;
  StepReport on_step = {};
};

class DualPath {
 public:
  virtual ~DualPath() = default;

  /// The fit at `c`, which must not be smaller than in the previous call.
  [[nodiscard]] virtual FitCertificate advance(double c, const FitOptions& options) = 0;

  /// Scores of other rows of the Gram matrix by the last fit, with the intercept.
  [[nodiscard]] virtual Eigen::MatrixXd scores_of(const std::vector<Segment>& rows) const = 0;

  /// A (rows, columns of scores) of the last fit.
  [[nodiscard]] virtual Eigen::MatrixXd coefficients() const = 0;

  /// The intercept of the last fit for rows as they are, not centred: w_times_mean is W times the mean of the rows.
  [[nodiscard]] virtual Eigen::VectorXd intercept(const Eigen::VectorXd& w_times_mean) const = 0;
};

}  // namespace vgg16
