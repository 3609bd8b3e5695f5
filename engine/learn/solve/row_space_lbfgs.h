// L-BFGS in the row space: the dual form of logistic regression as a problem for lbfgs.h.
#pragma once

#include <Eigen/Core>
#include <utility>

#include "learn/solve/convergence.h"
#include "learn/solve/lbfgs.h"
#include "learn/solve/row_space.h"
#include "learn/solve/softmax.h"
#include "learn/solve/step_report.h"

namespace vgg16 {

/// A problem for minimize_lbfgs whose inner product is <X'a, X'b> = a' K b. The operator and the loss must outlive it.
class RowSpaceProblem {
 public:
  /// A vector of the row space: its coefficients, and K times them.
  struct Vector {
    Eigen::MatrixXd a;
    Eigen::MatrixXd ka;
  };

  /// `on_step` is called with the number of gradients so far.
  RowSpaceProblem(const RowSpaceOperator& k, LogLoss& loss, double c, double wanted_gap, StepReport on_step = {})
      : k_(k),
        loss_(loss),
        c_(c),
        wanted_gap_(wanted_gap),
        on_step_(std::move(on_step)),
        intercept_(Eigen::VectorXd::Zero(loss.columns())) {}

  [[nodiscard]] Vector zero() const {
    const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(k_.rows(), loss_.columns());
    return {none, none};
  }

  /// At its minimum for the point that was evaluated last; each evaluation starts from there.
  [[nodiscard]] Eigen::VectorXd& intercept() { return intercept_; }

  double evaluate(const Vector& x, Vector& gradient) {
    const double loss = loss_.evaluate(x.ka, intercept_, residual_);
    gradient.a = x.a + c_ * residual_;
    return 0.5 * x.a.cwiseProduct(x.ka).sum() + c_ * loss;
  }
  double slope(const Vector& /*x*/, const Vector& gradient, const Vector& direction) {
    return gradient.a.cwiseProduct(direction.ka).sum();
  }
  void complete_gradient(Vector& gradient) { k_.apply(gradient.a, gradient.ka); }
  void complete_direction(Vector& /*direction*/) {}
  double dot(const Vector& u, const Vector& v) { return u.a.cwiseProduct(v.ka).sum(); }
  void add_scaled(double t, const Vector& from, Vector& to) {
    to.a += t * from.a;
    to.ka += t * from.ka;
  }
  void scale(double t, Vector& v) {
    v.a *= t;
    v.ka *= t;
  }
  bool converged(double objective, double squared_gradient_norm) {
    const double gap = relative_gap(objective, squared_gradient_norm);
    if (on_step_) on_step_(++gradients_, gap);
    return gap <= wanted_gap_;
  }

 private:
  const RowSpaceOperator& k_;
  LogLoss& loss_;
  double c_;
  double wanted_gap_;
  StepReport on_step_;
  int gradients_ = 0;
  Eigen::VectorXd intercept_;
  Eigen::MatrixXd residual_;
};

}  // namespace vgg16
