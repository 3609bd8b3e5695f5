// The progress callback of a fit.
#pragma once

#include <functional>

namespace vgg16 {

/// Called during a fit, on the thread that drives it, with a count of steps (newton.h, primal.h) and the proven bound
/// on the relative distance from the optimum (infinity if nothing is proven yet).
using StepReport = std::function<void(int steps, double relative_gap)>;

}  // namespace vgg16
