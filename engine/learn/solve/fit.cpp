#include "learn/solve/fit.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <utility>

#include "learn/solve/newton.h"

namespace vgg16 {
namespace {

/// The first C, times the mean squared length of the rows.
constexpr double kFirst = 10;
/// How far apart the fits on the way are, and how exact: RESULTS.md has what others cost.
constexpr double kStride = 10;
constexpr double kRoughGap = 0.01;
/// No start is further beyond the last point than this many times the distance between the last two: rough points say
/// little about what is far away.
constexpr double kFarthest = 2;

}  // namespace

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

/// The last point, and where the last two lead to: rows that can be told apart gain the same margin with every tenfold
/// C, so that the path is almost straight in the logarithm of C.
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
