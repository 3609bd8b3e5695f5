// Fits of the same rows at growing C, each to a proven distance from its optimum.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "learn/solve/row_space.h"
#include "learn/solve/softmax.h"
#include "learn/solve/step_report.h"
#include "vgg16/classifier.h"

namespace vgg16 {

struct FitOptions {
  double relative_gap = 1e-6;
  int max_iterations = 200;
  StepReport on_step = {};
};

/// Walks along the regularization path, from where the penalty almost alone decides towards larger C, twentyfold at
/// most at a time. Every fit starts where those before it lead to: a few products away, where a cold start would be
/// hundreds.
class RegularizationPath {
 public:
  /// `k` and `loss` must outlive it.
  RegularizationPath(const RowSpaceOperator& k, LogLoss& loss) : k_(k), loss_(loss) {}

  /// The fit at `c`, which is not below that of the call before. What lies between the two is fitted roughly, and is
  /// not in the certificate.
  [[nodiscard]] FitCertificate advance(double c, const FitOptions& options);

  /// The model of the last fit.
  [[nodiscard]] const RowSpacePoint& at() const { return passed_.back().at; }

 private:
  struct Passed {
    double log_c = 0;
    RowSpacePoint at;
  };

  FitCertificate fit(double c, const FitOptions& options);
  [[nodiscard]] std::vector<RowSpacePoint> starts(double log_c) const;

  const RowSpaceOperator& k_;
  LogLoss& loss_;
  std::vector<Passed> passed_;  ///< the last two
};

}  // namespace vgg16
