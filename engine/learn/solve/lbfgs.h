// Limited-memory BFGS for any smooth function and any inner product.
//
//   Minimum<std::vector<double>> m = minimize_lbfgs([](auto& x, auto& g) { g = {2 * x[0]}; return x[0] * x[0]; },
//   {3.0}, {});
//
// Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 and 7.5; the step is found by the bracketing
// search for the weak Wolfe conditions of Lewis and Overton (Math. Program. 141, 2013, algorithm 4.6).
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace vgg16 {

enum class StopReason {
  kConverged,      ///< the objective's own test, or the gradient tolerance, was met
  kNoProgress,     ///< no step lowers the objective: rounding dominates, or numbers have overflowed
  kMaxIterations,  ///< out of steps before convergence
};
[[nodiscard]] std::string_view stop_reason_name(StopReason reason);

/// Steps of one fit.
inline constexpr int kMaxLbfgsSteps = 5000;

struct LbfgsOptions {
  int history = 10;  ///< pairs (s, y) that are remembered
  int max_iterations = 1000;
  int max_trials = 50;               ///< step lengths tried along one direction
  double gradient_tolerance = 1e-8;  ///< on the gradient's norm, for objectives without a convergence test of their own
  double curvature_epsilon =
      1e-14;  ///< a pair with s'y <= this * |s| |y| is not kept: it would break positive definiteness
};

template <class Vector>
struct Minimum {
  Vector x;
  double objective = 0;
  double gradient_norm = 0;
  int iterations = 0;
  int evaluations = 0;
  StopReason reason = StopReason::kMaxIterations;
};

/// What the optimiser requires of a problem. A `Vector` may contain linear images of itself (for example X w beside w);
/// add_scaled() and scale() must update them as well. The two complete_ functions compute these images where they are
/// needed, so that a problem with an expensive operator applies it once per direction and not at every trial step.
template <class P>
concept LbfgsProblem = requires(P& p, typename P::Vector& v, const typename P::Vector& c, double t) {
  { p.evaluate(c, v) } -> std::convertible_to<double>;  // objective at c; its gradient to v, perhaps incomplete
  { p.slope(c, c, c) } -> std::convertible_to<double>;  // (x, incomplete gradient at x, direction) -> derivative
  p.complete_gradient(v);                               // called for accepted points only
  p.complete_direction(v);                              // called once before each line search
  { p.dot(c, c) } -> std::convertible_to<double>;       // inner product of complete gradients, directions, steps
  p.add_scaled(t, c, v);                                // v += t * c
  p.scale(t, v);                                        // v *= t
  { p.converged(t, t) } -> std::convertible_to<bool>;   // (objective, squared gradient norm)
};

/// The algorithm as a state machine that stops whenever the problem's expensive operator has to be applied. So a caller
/// can run many problems in lockstep and apply the operator for all of them in one pass over the data.
template <LbfgsProblem Problem>
class LbfgsStepper {
 public:
  using Vector = typename Problem::Vector;
  enum class Need { kGradient, kDirection, kNothing };

  /// `problem` must outlive the stepper.
  LbfgsStepper(Problem& problem, Vector start, const LbfgsOptions& options)
      : problem_(&problem), options_(options), x_(std::move(start)), gradient_(x_) {
    value_ = problem_->evaluate(x_, gradient_);
    evaluations_ = 1;
  }

  /// What must be completed, in pending(), before resume(); kNothing once the run has ended.
  [[nodiscard]] Need need() const { return need_; }
  [[nodiscard]] Vector& pending() { return need_ == Need::kGradient ? gradient_ : direction_; }

  void resume() {
    if (need_ == Need::kGradient) {
      take_gradient();
    } else if (need_ == Need::kDirection) {
      take_direction();
    }
  }

  /// The last accepted point. Only once need() is kNothing.
  [[nodiscard]] Minimum<Vector> finish() {
    return {std::move(x_), value_, std::sqrt(squared_norm_), iterations_, evaluations_, reason_};
  }

 private:
  struct Pair {
    Vector s;
    Vector y;
    double rho;
  };

  void stop(StopReason reason) {
    reason_ = reason;
    need_ = Need::kNothing;
  }

  void take_gradient() {
    squared_norm_ = problem_->dot(gradient_, gradient_);
    if (iterations_ > 0) remember();
    if (problem_->converged(value_, squared_norm_)) return stop(StopReason::kConverged);
    if (flat_ || !std::isfinite(squared_norm_)) return stop(StopReason::kNoProgress);
    if (iterations_ >= options_.max_iterations) return stop(StopReason::kMaxIterations);
    choose_direction();
    need_ = Need::kDirection;
  }

  void remember() {
    // take_direction() has swapped the previous point and gradient into spare_ and spare_gradient_.
    Vector s = for_history(x_);
    problem_->add_scaled(-1.0, spare_, s);
    Vector y = for_history(spare_gradient_);
    problem_->scale(-1.0, y);
    problem_->add_scaled(1.0, gradient_, y);
    const double sy = problem_->dot(s, y);
    const double ss = problem_->dot(s, s);
    const double yy = problem_->dot(y, y);
    if (!(sy > options_.curvature_epsilon * std::sqrt(ss * yy))) return;
    if (pairs_.size() == static_cast<size_t>(options_.history)) pairs_.pop_front();
    pairs_.push_back({std::move(s), std::move(y), 1.0 / sy});
    newest_yy_ = yy;
  }

  /// A copy for the history. A problem may define for_history() to omit what dot() and add_scaled() do not need there,
  /// such as the linear images, which saves memory.
  Vector for_history(const Vector& v) {
    if constexpr (requires { problem_->for_history(v); })
      return problem_->for_history(v);
    else
      return v;
  }

  /// The two-loop recursion (Nocedal and Wright, algorithm 7.4).
  void choose_direction() {
    direction_ = gradient_;
    std::vector<double> alpha(pairs_.size());
    for (size_t i = pairs_.size(); i-- > 0;) {
      alpha[i] = pairs_[i].rho * problem_->dot(pairs_[i].s, direction_);
      problem_->add_scaled(-alpha[i], pairs_[i].y, direction_);
    }
    problem_->scale(pairs_.empty() ? 1.0 / std::sqrt(squared_norm_) : 1.0 / (pairs_.back().rho * newest_yy_),
                    direction_);
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const double beta = pairs_[i].rho * problem_->dot(pairs_[i].y, direction_);
      problem_->add_scaled(alpha[i] - beta, pairs_[i].s, direction_);
    }
    problem_->scale(-1.0, direction_);
    if (problem_->dot(gradient_, direction_) < 0) return;
    pairs_.clear();  // not a descent direction, because of rounding: use steepest descent
    direction_ = gradient_;
    problem_->scale(-1.0 / std::sqrt(squared_norm_), direction_);
  }

  void take_direction() {
    const double slope = problem_->slope(x_, gradient_, direction_);
    // Smaller differences of the objective are rounding errors, for which a step is not rejected.
    const double noise = 1e-15 * std::abs(value_);
    double t = 1.0;
    double low = 0.0;
    double high = std::numeric_limits<double>::infinity();
    // Members rather than local variables: vectors may be large, and allocating them takes longer than filling them.
    Vector& trial = spare_;
    Vector& trial_gradient = spare_gradient_ = gradient_;
    double trial_value = value_;
    bool accepted = false;
    for (int i = 0; i < options_.max_trials && !accepted; ++i) {
      trial = x_;
      problem_->add_scaled(t, direction_, trial);
      trial_value = problem_->evaluate(trial, trial_gradient);
      ++evaluations_;
      if (!(trial_value <= value_ + 1e-4 * t * slope + noise)) {
        high = t;
      } else if (problem_->slope(trial, trial_gradient, direction_) < 0.9 * slope) {
        low = t;
      } else {
        accepted = true;
      }
      if (!accepted) t = std::isinf(high) ? 2.0 * t : 0.5 * (low + high);
    }
    if (!accepted && !(trial_value < value_)) {
      if (pairs_.empty()) return stop(StopReason::kNoProgress);
      pairs_.clear();  // try again from the same point, along the gradient
      direction_ = gradient_;
      problem_->scale(-1.0 / std::sqrt(squared_norm_), direction_);
      return;
    }
    flat_ = trial_value >= value_ && iterations_ > 0 && was_flat_;
    was_flat_ = trial_value >= value_;
    std::swap(x_, trial);
    std::swap(gradient_, trial_gradient);
    value_ = trial_value;
    ++iterations_;
    need_ = Need::kGradient;
  }

  Problem* problem_;
  LbfgsOptions options_;
  Vector x_;
  Vector gradient_;
  Vector direction_;
  Vector spare_;
  Vector spare_gradient_;
  std::deque<Pair> pairs_;
  double newest_yy_ = 1;
  double value_ = 0;
  double squared_norm_ = 0;
  int iterations_ = 0;
  int evaluations_ = 0;
  bool flat_ = false;
  bool was_flat_ = false;
  Need need_ = Need::kGradient;
  StopReason reason_ = StopReason::kMaxIterations;
};

/// Runs one problem to its end. `problem` offers everything that LbfgsProblem lists.
template <LbfgsProblem Problem>
[[nodiscard]] Minimum<typename Problem::Vector> minimize_lbfgs(Problem& problem, typename Problem::Vector start,
                                                               const LbfgsOptions& options) {
  using Need = typename LbfgsStepper<Problem>::Need;
  LbfgsStepper<Problem> stepper(problem, std::move(start), options);
  while (stepper.need() != Need::kNothing) {
    if (stepper.need() == Need::kGradient) {
      problem.complete_gradient(stepper.pending());
    } else {
      problem.complete_direction(stepper.pending());
    }
    stepper.resume();
  }
  return stepper.finish();
}

/// Any function of n numbers: returns its value at x and writes its gradient (n) to g.
using PlainObjective = std::function<double(const std::vector<double>& x, std::vector<double>& g)>;
[[nodiscard]] Minimum<std::vector<double>> minimize_lbfgs(const PlainObjective& objective, std::vector<double> start,
                                                          const LbfgsOptions& options);

}  // namespace vgg16
