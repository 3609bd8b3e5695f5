// Newton's method for one fit in the dual form, with linear systems solved by conjugate gradients (truncated Newton).
#pragma once

#include <Eigen/Core>
#include <span>

#include "learn/solve/lbfgs.h"
#include "learn/solve/row_space.h"
#include "learn/solve/softmax.h"
#include "learn/solve/step_report.h"

namespace vgg16 {

struct NewtonOptions {
  double relative_gap = 1e-6;    ///< stop when relative_gap(...) is at most this
  int max_iterations = 200;      ///< Newton steps
  int max_cg_iterations = 1000;  ///< conjugate-gradient steps within one Newton step
  StepReport on_step = {};       ///< called with the number of conjugate-gradient steps so far
};

struct NewtonResult {
  RowSpacePoint at;
  double objective = 0;
  double squared_gradient_norm = 0;
  int iterations = 0;   ///< Newton steps
  int evaluations = 0;  ///< of the objective
  int products = 0;     ///< conjugate-gradient steps, all Newton steps together
  StopReason reason = StopReason::kMaxIterations;
};

/// Minimises 1/2 tr(A' K A) + c * loss(K A) over A, with the intercept at its minimum for every A. Starts from the best
/// of `starts`, at least one. Throws nothing of its own.
[[nodiscard]] NewtonResult minimize_newton(const RowSpaceOperator& k, LogLoss& loss, double c,
                                           std::span<const RowSpacePoint> starts, const NewtonOptions& options);

}  // namespace vgg16
