// Newton's method for one fit in the row space, its linear systems solved by conjugate gradients.
#pragma once

#include <Eigen/Core>
#include <span>

#include "learn/solve/lbfgs.h"
#include "learn/solve/row_space.h"
#include "learn/solve/softmax.h"
#include "learn/solve/step_report.h"

namespace vgg16 {

struct NewtonOptions {
  double relative_gap = 1e-6;    ///< bound on (objective - optimum) / objective at which the search ends
  int max_iterations = 200;      ///< Newton steps
  int max_cg_iterations = 1000;  ///< products within one step
  StepReport on_step = {};       ///< called with products so far
};

struct NewtonResult {
  RowSpacePoint at;
  double objective = 0;
  double squared_gradient_norm = 0;
  int iterations = 0;   ///< Newton steps
  int evaluations = 0;  ///< of the objective
  int products = 0;     ///< conjugate gradient steps, all Newton steps together
  StopReason reason = StopReason::kMaxIterations;
};

/// The objective, with the intercept at its minimum, is 1-strongly convex in W = A' X: it exceeds its own minimum by at
/// most half its squared gradient norm. Returns that half divided by `objective` minus it, which the minimum is not
/// below.
[[nodiscard]] double relative_gap(double objective, double squared_gradient_norm);

/// Minimises 1/2 tr(A' K A) + c * loss(K A) with the intercept profiled out, from the best of `starts`, of which there
/// is at least one.
[[nodiscard]] NewtonResult minimize_newton(const RowSpaceOperator& k, LogLoss& loss, double c,
                                           std::span<const RowSpacePoint> starts, const NewtonOptions& options);

}  // namespace vgg16
