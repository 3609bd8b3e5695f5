// The progress callback of a fit.
#pragma once

#include <functional>

namespace vgg16 {

/// Called after every step of a fit, on the fit's thread, with the number of steps so far and the proven bound on the
/// relative distance from the optimum (infinity if nothing is proven yet).
using StepReport = std::function<void(int steps, double relative_gap)>;

}  // namespace vgg16
