#include "learn/solve/fit.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <utility>

#include "learn/solve/convergence.h"
#include "learn/solve/row_space_lbfgs.h"

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

Eigen::MatrixXd RegularizationPath::scores_of(const std::vector<Segment>& rows) const {
  Eigen::MatrixXd scores = k_.apply_to_others(at().a, rows);
  scores.rowwise() += at().intercept.transpose();
  return scores;
}

// At the optimum the coefficients of a row sum to 0 over the classes; subtracts the small sum that the tolerance has
// left.
Eigen::MatrixXd RegularizationPath::coefficients() const {
  Eigen::MatrixXd a = at().a;
  if (a.cols() > 1) a.colwise() -= at().a.rowwise().mean();
  return a;
}

// The fit's scores are those of rows minus their mean, minus the operator's shift; both are constants per class, so
// they only change the intercept.
Eigen::VectorXd RegularizationPath::intercept(const Eigen::VectorXd& w_times_mean) const {
  Eigen::VectorXd intercept = at().intercept - k_.shift(at().a).transpose() - w_times_mean;
  if (intercept.size() > 1) intercept.array() -= intercept.mean();
  return intercept;
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

// From the best of the starts, as minimize_newton.
NewtonResult RegularizationPath::minimize_by_lbfgs(double c, const std::vector<RowSpacePoint>& starts,
                                                   const FitOptions& options) {
  RowSpaceProblem problem(k_, loss_, c, options.relative_gap, options.on_step);
  const RowSpacePoint* best = nullptr;
  double least = 0;
  RowSpaceProblem::Vector unused;
  for (const RowSpacePoint& start : starts) {
    problem.intercept() = start.intercept;
    const double value = problem.evaluate({start.a, start.scores}, unused);
    if (best == nullptr || value < least) best = &start;
    if (best == &start) least = value;
  }
  problem.intercept() = best->intercept;
  LbfgsOptions lbfgs;
  lbfgs.max_iterations = kMaxLbfgsSteps;
  Minimum<RowSpaceProblem::Vector> minimum = minimize_lbfgs(problem, {best->a, best->scores}, lbfgs);
  NewtonResult result;
  // The last evaluation may have been of a trial point.
  result.objective = problem.evaluate(minimum.x, unused);
  result.at = {std::move(minimum.x.a), std::move(minimum.x.ka), problem.intercept()};
  result.squared_gradient_norm = minimum.gradient_norm * minimum.gradient_norm;
  result.iterations = minimum.iterations;
  result.evaluations = minimum.evaluations;
  result.reason = minimum.reason;
  return result;
}

FitCertificate RegularizationPath::fit(double c, const FitOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const double log_c = std::log(c);
  // minimize_newton takes the better one of the starts.
  NewtonResult newton = solver_ == Solver::kLbfgs ? minimize_by_lbfgs(c, starts(log_c), options)
                                                  : minimize_newton(k_, loss_, c, starts(log_c),
                                                                    {.relative_gap = options.relative_gap,
                                                                     .max_iterations = options.max_iterations,
                                                                     .on_step = options.on_step});
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
