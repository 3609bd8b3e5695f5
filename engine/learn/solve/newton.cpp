#include "learn/solve/newton.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "learn/solve/convergence.h"

namespace vgg16 {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Rows whose loss contributes less curvature than this, where the penalty contributes 1 in every direction, are left
/// out of the linear systems: these are rows with probabilities of almost 0 or 1. This changes the step a little, but
/// not the gradient, on which the certificate is based.
constexpr double kLeastCurvature = 1e-3;
/// The linear system is solved until its residual is this share of the gradient's norm, and more exactly near the
/// optimum (the forcing term of inexact Newton methods).
constexpr double kForcing = 0.1;
/// A step that had to be shortened to a factor t below this increases the damping by 1 / t.
constexpr double kShortStep = 0.2;
/// The factor by which the damping decreases after a full step.
constexpr double kRelax = 0.1;
/// Products use float64 if float32's rounding, relative to the system's largest eigenvalue, would exceed this share of
/// its smallest one.
constexpr double kRoundingShare = 0.3;
constexpr double kFloatRounding = 0x1p-24;

double inner(const MatrixXd& u, const MatrixXd& v) { return u.cwiseProduct(v).sum(); }

// Scatter: to[rows[s]] += from[s]. rows_of() below is the gather.
void add_to_rows(const std::vector<Index>& rows, const MatrixXd& from, MatrixXd& to) {
  for (Index j = 0; j < to.cols(); ++j) {
    for (size_t s = 0; s < rows.size(); ++s) to(rows[s], j) += from(static_cast<Index>(s), j);
  }
}

MatrixXd rows_of(const MatrixXd& m, const std::vector<Index>& rows) {
  MatrixXd out(static_cast<Index>(rows.size()), m.cols());
  for (Index j = 0; j < m.cols(); ++j) {
    for (size_t s = 0; s < rows.size(); ++s) out(static_cast<Index>(s), j) = m(rows[s], j);
  }
  return out;
}

/// The Hessian of the loss with respect to the scores at one point, and Newton's linear system.
///
/// The Hessian of the loss of one row, of weight s, is D = s (diag(p) - p p') = B B' with B = diag(sqrt(s p)) -
/// p sqrt(s p)'. The intercept b adds
/// the same vector to the scores of all rows, E b. Keeping it at its minimum (a Schur complement) turns D into D - D E
/// (E' D E)^-1 E' D = B Q B', where Q = I - B' E (E' D E)^-1 E' B is an orthogonal projection. With r = A + c (P - Y),
/// the gradient in the dual form, Newton's system is (I + c B Q B' K) d = -r. It is not symmetric. Substituting d = -r
/// + sqrt(c) B Q u gives (I + c Q B' K B Q) u = sqrt(c) Q B' K r, which is symmetric and positive definite, so
/// conjugate gradients can solve it, and has only the rows with curvature ("active" rows). With a damping, it takes the
/// place of I, and d is divided by it.
class Curvature {
 public:
  Curvature(const MatrixXd& residual, const LogLoss& loss, double c, const VectorXd& diagonal) {
    const Index k = residual.cols();
    const std::vector<int>& labels = loss.labels();
    for (Index i = 0; i < residual.rows(); ++i) {
      // The Hessian of a row's loss has no eigenvalue above twice the probability that the model gives to the wrong
      // classes.
      const double wrong = std::abs(residual(i, k > 1 ? labels[static_cast<size_t>(i)] : 0));
      if (c * wrong * diagonal[i] > kLeastCurvature) active_.push_back(i);
    }
    residual_ = rows_of(residual, active_);
    for (const Index i : active_) labels_.push_back(labels[static_cast<size_t>(i)]);
    const Eigen::ArrayXd weight = row_weights(labels_, loss.weights());
    // Rounding in the residuals can put probabilities slightly outside 0 to 1, where the square root fails.
    p_ = probabilities_of(residual_, labels_, weight).cwiseMax(0.0).cwiseMin(1.0);
    // sqrt(s p) for the softmax; for two classes, with one column, D = s p (1 - p) is a number and B its square root.
    root_ = k > 1 ? p_ : MatrixXd(p_.array() * (1.0 - p_.array()));
    root_ = (root_.array().colwise() * weight).sqrt();
    by_class_.emplace(residual_, labels_, loss.weights());
  }

  [[nodiscard]] const std::vector<Index>& active() const { return active_; }

  /// B v, row by row: sqrt(s p) v - p (sqrt(s p)' v).
  [[nodiscard]] MatrixXd b_times(const MatrixXd& v) const {
    MatrixXd out = root_.cwiseProduct(v);
    if (v.cols() > 1) {
      const VectorXd sum = out.rowwise().sum();
      for (Index j = 0; j < v.cols(); ++j) out.col(j) -= p_.col(j).cwiseProduct(sum);
    }
    return out;
  }

  /// B' v, row by row: sqrt(s p) (v - p' v).
  [[nodiscard]] MatrixXd b_transposed_times(const MatrixXd& v) const {
    if (v.cols() == 1) return root_.cwiseProduct(v);
    const VectorXd sum = p_.cwiseProduct(v).rowwise().sum();
    return root_.cwiseProduct(v.colwise() - sum);
  }

  /// v becomes Q v.
  void project(MatrixXd& v) const {
    const VectorXd shift = by_class_->solve(b_times(v).colwise().sum().transpose());
    v -= b_transposed_times(shift.transpose().replicate(v.rows(), 1));
  }

  /// The change of the intercept that keeps it at its minimum, to first order, when the active rows' scores change by
  /// `scores`: -(E' D E)^-1 E' D scores.
  [[nodiscard]] VectorXd intercept_step(const MatrixXd& scores) const {
    return -by_class_->solve(b_times(b_transposed_times(scores)).colwise().sum().transpose());
  }

 private:
  std::vector<Index> active_;
  std::vector<int> labels_;  ///< of the active rows
  MatrixXd residual_;        ///< likewise
  MatrixXd p_;
  MatrixXd root_;
  std::optional<ClassCurvature> by_class_;
};

/// A model with its residuals S (P - Y), with the rows' weights S, and the value of the objective.
struct Point : RowSpacePoint {
  MatrixXd residual;
  double value = 0;
};

class Newton {
 public:
  Newton(const RowSpaceOperator& k, LogLoss& loss, double c, const NewtonOptions& options)
      : k_(k), loss_(loss), c_(c), options_(options), diagonal_(k.diagonal()) {}

  /// The outer loop: gradient and certificate, then a step, then a scaling.
  NewtonResult run(std::span<const RowSpacePoint> starts) {
    // Evaluating a start costs no product with the Gram matrix, so trying several is cheap.
    for (const RowSpacePoint& start : starts) {
      Point next{start, {}, 0};
      evaluate(next);
      if (x_.a.size() == 0 || next.value < x_.value) x_ = std::move(next);
    }
    scale_to_best();
    while (true) {
      // The gradient in the dual form; its squared norm in W is tr(R' K R), which needs one product with K.
      const MatrixXd gradient = x_.a + c_ * x_.residual;
      MatrixXd k_gradient;
      k_.apply(gradient, k_gradient);
      result_.squared_gradient_norm = std::max(inner(gradient, k_gradient), 0.0);
      if (gap() <= options_.relative_gap) {
        result_.reason = StopReason::kConverged;
        break;
      }
      // The reason stays kMaxIterations.
      if (result_.iterations >= options_.max_iterations) break;
      if (!take_step(gradient, k_gradient)) {
        result_.reason = StopReason::kNoProgress;
        break;
      }
      scale_to_best();
    }
    result_.objective = x_.value;
    result_.at = std::move(x_);
    return std::move(result_);
  }

 private:
  [[nodiscard]] double gap() const { return relative_gap(x_.value, result_.squared_gradient_norm); }

  /// The objective at p, with the intercept moved to its minimum; sets p's residuals.
  void evaluate(Point& p) {
    p.value = 0.5 * inner(p.a, p.scores) + c_ * loss_.evaluate(p.scores, p.intercept, p.residual);
    ++result_.evaluations;
  }

  /// The second derivative of c * loss(t * scores) with respect to t at t = 1, with a fixed intercept.
  [[nodiscard]] double curvature_along(const MatrixXd& scores) const {
    double curvature = 0;
    const Index k = scores.cols();
    for (Index i = 0; i < scores.rows(); ++i) {
      const int own = loss_.labels()[static_cast<size_t>(i)];
      const double weight = loss_.weights()[static_cast<size_t>(own)];
      double mean = 0;
      double square = 0;
      for (Index j = 0; j < k; ++j) {
        const double p = x_.residual(i, j) / weight + ((k > 1 ? j == own : own == 1) ? 1.0 : 0.0);
        mean += p * scores(i, j);
        square += p * scores(i, j) * scores(i, j);
      }
      curvature += weight * std::max(square - mean * mean, 0.0);
    }
    return c_ * curvature;
  }

  /// Scales the model by the factor that approximately minimises the objective. This needs no product with K, and saves
  /// many steps: with a weaker penalty, or for classes that can be separated, the optimum is mostly the same model
  /// times a larger factor.
  void scale_to_best() {
    for (int i = 0; i < kMaxScalings; ++i) {
      const double xkx = inner(x_.a, x_.scores);
      if (!(xkx > 0)) return;
      const double slope = xkx + c_ * inner(x_.residual, x_.scores);
      // One Newton step for the factor, at most halving or doubling it, because curvature and slope are of the present
      // point.
      const double t = std::clamp(1.0 - slope / (xkx + curvature_along(x_.scores)), 0.5, 2.0);
      if (std::abs(t - 1) < kLeastScaling) return;
      Point next{{t * x_.a, t * x_.scores, t * x_.intercept}, {}, 0};
      evaluate(next);
      // Scaling is only an improvement on the side: it stops at the first factor that does not help.
      if (!(next.value < x_.value)) return;
      x_ = std::move(next);
    }
  }

  /// out = K v restricted to the active rows; `k_active` is that part of K in float32, unless exact_.
  void multiply_active(const Curvature& curvature, const Eigen::MatrixXf& k_active, const MatrixXd& v,
                       MatrixXd& out) const {
    if (!exact_) {
      Eigen::MatrixXf product;
      k_.multiply_chosen(k_active, v.cast<float>(), product);
      out = product.cast<double>();
      return;
    }
    MatrixXd all = MatrixXd::Zero(k_.rows(), v.cols());
    add_to_rows(curvature.active(), v, all);
    MatrixXd product;
    k_.apply(all, product);
    out = rows_of(product, curvature.active());
  }

  /// Solves Newton's damped system for u by conjugate gradients. If float32 turns out to be too inaccurate for it, sets
  /// exact_ and returns nullopt.
  std::optional<MatrixXd> solve(const Curvature& curvature, const MatrixXd& k_gradient) {
    // float32 is mostly accurate enough for a step, because the gradient, which decides about convergence, is float64.
    const Eigen::MatrixXf k_active = exact_ ? Eigen::MatrixXf() : k_.submatrix(curvature.active());
    // The right side, projected by Q like every product below, so that all iterates stay in Q's range.
    MatrixXd left = std::sqrt(c_) * curvature.b_transposed_times(rows_of(k_gradient, curvature.active()));
    curvature.project(left);
    MatrixXd u = MatrixXd::Zero(left.rows(), left.cols());
    MatrixXd direction = left;
    MatrixXd product;
    double square = left.squaredNorm();
    double carried = 0;  // beta^2 direction' M direction of the previous step, M being the system's matrix
    // As in Nocedal and Wright, Numerical Optimization, 2nd edition, section 7.1 (there with the gradient's norm): far
    // from the optimum an exact solution would be wasted, near it convergence stays superlinear.
    const double forcing = std::min(kForcing, std::sqrt(gap()));
    // The residual of the original system is compared with the gradient, both as squared norms in K.
    const double wanted = forcing * forcing * damping_ * damping_ * result_.squared_gradient_norm;
    for (int i = 0; i < options_.max_cg_iterations && square > 0; ++i) {
      multiply_active(curvature, k_active, curvature.b_times(direction), product);
      MatrixXd image = c_ * curvature.b_transposed_times(product);
      curvature.project(image);
      image += damping_ * direction;
      ++result_.products;
      if (options_.on_step) options_.on_step(result_.products, gap());
      const double energy = inner(direction, image);
      // energy / |direction|^2 is a lower estimate of M's largest eigenvalue; the smallest eigenvalue is the damping.
      if (!exact_ && kFloatRounding * energy > kRoundingShare * damping_ * direction.squaredNorm()) {
        exact_ = true;
        return std::nullopt;
      }
      // The residual of the original system for d is sqrt(c) B left / damping; its squared norm (in K) is left' (M -
      // damping) left / damping^2. Since direction = left + beta * (previous direction) and directions are conjugate,
      // left' M left = energy + carried, without another product.
      if (!(energy > 0) || energy + carried - damping_ * square <= wanted) break;
      const double step = square / energy;
      u += step * direction;
      left -= step * image;
      const double next = left.squaredNorm();
      const double beta = next / square;
      carried = beta * beta * energy;
      direction = left + beta * direction;
      square = next;
    }
    return u;
  }

  /// One damped Newton step, halved until it lowers the objective. False if no step does.
  bool take_step(const MatrixXd& gradient, const MatrixXd& k_gradient) {
    const Curvature curvature(x_.residual, loss_, c_, diagonal_);
    exact_ = false;
    std::optional<MatrixXd> u = solve(curvature, k_gradient);
    if (!u) u = solve(curvature, k_gradient);  // again, in float64
    // d = (-r + sqrt(c) B Q u) / damping; u is in Q's range already.
    MatrixXd d = -gradient;
    add_to_rows(curvature.active(), std::sqrt(c_) * curvature.b_times(*u), d);
    d /= damping_;
    MatrixXd kd;
    k_.apply(d, kd);
    // The derivative of the objective along d, negative in exact arithmetic. If it is not, rounding dominates or
    // numbers have overflowed, and no step can help.
    const double slope = inner(gradient, kd);
    if (!(slope < 0)) return false;
    const VectorXd follow = curvature.intercept_step(rows_of(kd, curvature.active()));
    ++result_.iterations;
    double t = 1;
    for (int i = 0; i < kMaxHalvings; ++i, t *= 0.5) {
      Point next{{x_.a + t * d, x_.scores + t * kd, x_.intercept + t * follow}, {}, 0};
      evaluate(next);
      // The Armijo condition; the last term tolerates rounding in the objective near the optimum.
      if (next.value <= x_.value + 1e-4 * t * slope + 1e-14 * std::abs(x_.value)) {
        x_ = std::move(next);
        // Where the loss has no curvature, the direction is the gradient divided by the damping; so taking t times the
        // step is the same as a damping 1 / t times as large.
        if (t < kShortStep) damping_ /= t;
        if (t == 1) damping_ = std::max(1.0, kRelax * damping_);
        return true;
      }
    }
    return false;
  }

  static constexpr int kMaxHalvings = 40;
  static constexpr int kMaxScalings = 30;
  static constexpr double kLeastScaling = 0.02;

  const RowSpaceOperator& k_;
  LogLoss& loss_;
  double c_;
  NewtonOptions options_;
  VectorXd diagonal_;
  double damping_ = 1;  ///< takes the place of the penalty's curvature, 1, in Newton's system; never below 1
  bool exact_ = false;  ///< products for the current Newton system are in float64
  Point x_;
  NewtonResult result_;
};

}  // namespace

NewtonResult minimize_newton(const RowSpaceOperator& k, LogLoss& loss, double c, std::span<const RowSpacePoint> starts,
                             const NewtonOptions& options) {
  return Newton(k, loss, c, options).run(starts);
}

}  // namespace vgg16
