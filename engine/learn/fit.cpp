#include "learn/fit.h"

#include <chrono>
#include <cmath>
#include <string>
#include <utility>

namespace vgg16 {
namespace {

/// Scores carried along through hundreds of steps gather rounding; a fit that only seemed to be done goes on from where
/// it is, with fresh scores, at most this often.
constexpr int kMaxRestarts = 3;

}  // namespace

RowSpaceFit fit_row_space(const RowSpaceOperator& k, LogLoss& loss, double c, const Eigen::MatrixXd& a,
                          const Eigen::VectorXd& intercept, const FitOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  RowSpaceProblem problem(k, loss, c, options.relative_gap);
  problem.set_intercept(intercept);
  RowSpaceFit fit;
  fit.a = a;
  fit.certificate.c = c;
  StopReason reason = StopReason::kConverged;
  for (int run = 0; run <= kMaxRestarts; ++run) {
    RowSpaceProblem::Vector x{fit.a.rowwise() - fit.a.colwise().mean(), {}};
    k.apply(x.a, x.ka);
    LbfgsOptions lbfgs;
    lbfgs.max_iterations = options.max_iterations - fit.certificate.iterations;
    Minimum<RowSpaceProblem::Vector> minimum = minimize_lbfgs(problem, std::move(x), lbfgs);
    fit.certificate.iterations += minimum.iterations;
    fit.certificate.evaluations += minimum.evaluations;
    reason = minimum.reason;

    RowSpaceProblem::Vector fresh{minimum.x.a.rowwise() - minimum.x.a.colwise().mean(), {}};
    k.apply(fresh.a, fresh.ka);
    RowSpaceProblem::Vector gradient;
    const double objective = problem.evaluate(fresh, gradient);
    problem.complete_gradient(gradient);
    const double squared_norm = problem.dot(gradient, gradient);
    fit.a = std::move(fresh.a);
    fit.certificate.objective = objective;
    fit.certificate.gradient_norm = std::sqrt(std::max(squared_norm, 0.0));
    fit.certificate.relative_gap = RowSpaceProblem::relative_gap(objective, squared_norm);
    if (fit.certificate.relative_gap <= options.relative_gap || reason != StopReason::kConverged) break;
  }
  fit.intercept = problem.intercept();
  fit.certificate.stop_reason = stop_reason_name(reason);
  fit.certificate.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fit;
}

}  // namespace vgg16
