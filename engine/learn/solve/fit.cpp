#include "learn/solve/fit.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <utility>

#include "learn/solve/convergence.h"
#include "learn/solve/newton.h"

namespace vgg16 {
namespace {

/// The first C is this divided by the mean squared length of the rows, so that it does not depend on the features'
/// scale.
constexpr double kFirst = 10;
/// The ratio of successive C on the way to the wanted one, and the relative gap of these fits. bench/RESULTS.md has the
/// times of other choices.
constexpr double kStride = 10;
constexpr double kRoughGap = 0.01;
/// The extrapolation goes at most this many times the distance between the last two points beyond the last one, because
/// these points may be inexact.
constexpr double kFarthest = 2;

}  // namespace

// Rough fits are made while the next rough C is below c / 2, so the step to c is a factor of 20 at most.
FitCertificate RegularizationPath::advance(double c, const FitOptions& options) {
  assert(passed_.empty() || std::log(c) >= passed_.back().log_c);
  double rough = c;
  if (!passed_.empty()) {
    rough = kStride * std::exp(passed_.back().log_c);
  } else if (const double size = k_.diagonal().mean(); size > 0) {
    rough = kFirst / size;
  }
  for (; rough < 0.5 * c; rough *= kStride) fit(rough, {.relative_gap = kRoughGap, .on_step = options.on_step});
  return fit(c, options);
}

/// The last point, and the linear extrapolation of the last two in log C. If the classes can be separated, their margin
/// grows by about the same amount with every tenfold C, so the path is almost straight in log C.
std::vector<RowSpacePoint> RegularizationPath::starts(double log_c) const {
  if (passed_.empty()) {
    const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(k_.rows(), loss_.columns());
    return {{none, none, Eigen::VectorXd::Zero(loss_.columns())}};
  }
  const RowSpacePoint& last = at();
  std::vector<RowSpacePoint> found = {last};
  if (passed_.size() == 2) {
    const RowSpacePoint& before = passed_[0].at;
    const double t = std::min(kFarthest, (log_c - passed_[1].log_c) / (passed_[1].log_c - passed_[0].log_c));
    found.push_back({last.a + t * (last.a - before.a), last.scores + t * (last.scores - before.scores),
                     last.intercept + t * (last.intercept - before.intercept)});
  }
  return found;
}

FitCertificate RegularizationPath::fit(double c, const FitOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const double log_c = std::log(c);
  // minimize_newton takes the better one of the starts.
  NewtonResult newton = minimize_newton(
      k_, loss_, c, starts(log_c),
      {.relative_gap = options.relative_gap, .max_iterations = options.max_iterations, .on_step = options.on_step});
  FitCertificate certificate = {.c = c,
                                .objective = newton.objective,
                                .relative_gap = relative_gap(newton.objective, newton.squared_gradient_norm),
                                .gradient_norm = std::sqrt(newton.squared_gradient_norm),
                                .iterations = newton.iterations,
                                .products = newton.products,
                                .evaluations = newton.evaluations,
                                .stop_reason = std::string(stop_reason_name(newton.reason))};
  // A second fit at the same C replaces the first: two points at one log C could not be extrapolated.
  if (!passed_.empty() && passed_.back().log_c == log_c) {
    passed_.pop_back();
  } else if (passed_.size() == 2) {
    passed_.erase(passed_.begin());
  }
  passed_.push_back({log_c, std::move(newton.at)});
  certificate.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return certificate;
}

}  // namespace vgg16
