// The regularisation path: fits of the same rows for increasing C, each to a proven distance from its optimum.
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

/// Follows the regularisation path from a small C, where a fit is easy, to larger ones, by at most a factor of 20 at a
/// time. The first fit starts at zero; each later one at the last model or at the linear extrapolation of the last two
/// in log C, whichever has the lower objective, which is a few products with the Gram matrix away from the optimum. A
/// fit for a large C from zero would take hundreds.
class RegularizationPath {
 public:
  /// `k` and `loss` must outlive it.
  RegularizationPath(const RowSpaceOperator& k, LogLoss& loss) : k_(k), loss_(loss) {}

  /// The fit at `c`, which must not be smaller than in the previous call. If needed, fits at values in between are made
  /// first, to a low accuracy; their steps are not counted in the certificate.
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
