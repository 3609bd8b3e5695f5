#include "learn/fit.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "learn/newton.h"

namespace vgg16 {
namespace {

/// How exact the rough fits of an approach are, and how far apart.
constexpr double kRoughGap = 0.1;
constexpr double kApproachFactor = 10;

}  // namespace

RowSpaceFit fit_row_space(const RowSpaceOperator& k, LogLoss& loss, double c, const RowSpaceFit& start,
                          const FitOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  NewtonResult newton =
      minimize_newton(k, loss, c, start.a, start.intercept,
                      {.relative_gap = options.relative_gap, .max_iterations = options.max_iterations});
  RowSpaceFit fit;
  fit.a = std::move(newton.a);
  fit.intercept = std::move(newton.intercept);
  fit.certificate = {.c = c,
                     .objective = newton.objective,
                     .relative_gap = relative_gap(newton.objective, newton.squared_gradient_norm),
                     .gradient_norm = std::sqrt(newton.squared_gradient_norm),
                     .iterations = newton.iterations,
                     .products = newton.products,
                     .evaluations = newton.evaluations,
                     .stop_reason = std::string(stop_reason_name(newton.reason))};
  fit.certificate.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return fit;
}

RowSpaceFit approach_row_space(const RowSpaceOperator& k, LogLoss& loss, double c) {
  RowSpaceFit fit;
  fit.a = Eigen::MatrixXd::Zero(k.rows(), loss.columns());
  fit.intercept = Eigen::VectorXd::Zero(loss.columns());
  const double size = k.diagonal().mean();
  if (!(size > 0)) return fit;
  for (double rough = 1 / size; rough < 0.5 * c; rough *= kApproachFactor) {
    fit = fit_row_space(k, loss, rough, fit, {.relative_gap = kRoughGap});
  }
  return fit;
}

}  // namespace vgg16
