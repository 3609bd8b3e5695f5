// The regularisation path of logistic regression: fits of the same rows for increasing C, each to a proven distance
// from its optimum.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "learn/solve/dual_path.h"
#include "learn/solve/newton.h"
#include "learn/solve/row_space.h"
#include "learn/solve/softmax.h"

namespace vgg16 {

/// Follows the regularisation path from a small C, where a fit is easy, to larger ones, by at most a factor of 20 at a
/// time. The first fit starts at zero; each later one at the last model or at the linear extrapolation of the last two
/// in log C, whichever has the lower objective, which is a few products with the Gram matrix away from the optimum. A
/// fit for a large C from zero would take hundreds.
class RegularizationPath : public DualPath {
 public:
  /// `k` and `loss` must outlive it. `solver` is kNewton or kLbfgs.
  RegularizationPath(const RowSpaceOperator& k, LogLoss& loss, Solver solver = Solver::kNewton)
      : k_(k), loss_(loss), solver_(solver) {}

  /// If needed, fits at values in between are made first, to a low accuracy; their steps are not counted in the
  /// certificate.
  [[nodiscard]] FitCertificate advance(double c, const FitOptions& options) override;
  [[nodiscard]] Eigen::MatrixXd scores_of(const std::vector<Segment>& rows) const override;
  [[nodiscard]] Eigen::MatrixXd coefficients() const override;
  [[nodiscard]] Eigen::VectorXd intercept(const Eigen::VectorXd& w_times_mean) const override;

  /// The model of the last fit.
  [[nodiscard]] const RowSpacePoint& at() const { return passed_.back().at; }

 private:
  struct Passed {
    double log_c = 0;
    RowSpacePoint at;
  };

  FitCertificate fit(double c, const FitOptions& options);
  [[nodiscard]] NewtonResult minimize_by_lbfgs(double c, const std::vector<RowSpacePoint>& starts,
                                               const FitOptions& options);
  [[nodiscard]] std::vector<RowSpacePoint> starts(double log_c) const;

  const RowSpaceOperator& k_;
  LogLoss& loss_;
  Solver solver_;
  std::vector<Passed> passed_;  ///< the last two
};

}  // namespace vgg16
