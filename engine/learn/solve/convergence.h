// When a fit has converged: once this bound is at most TrainOptions::relative_gap.
#pragma once

#include <algorithm>
#include <limits>

namespace vgg16 {

/// A proven bound on (objective - optimum) / optimum. With the intercept at its minimum, the objective is 1-strongly
/// convex in W = A' X, so objective - optimum <= h, half the squared norm of the gradient with respect to W. Hence the
/// optimum is at least objective - h, and the result is h / (objective - h); infinity if that difference is not
/// positive.
[[nodiscard]] inline double relative_gap(double objective, double squared_gradient_norm) {
  const double gap = 0.5 * std::max(squared_gradient_norm, 0.0);
  const double least = objective - gap;
  if (gap == 0) return 0;
  return least > 0 ? gap / least : std::numeric_limits<double>::infinity();
}

}  // namespace vgg16
