// What a fit tells while it runs.
#pragma once

#include <functional>

namespace vgg16 {

/// Called after every step of a fit, on the thread that makes it: steps so far, and what the distance from the optimum
/// is proven to be at most, relative; infinity where nothing is proven yet.
using StepReport = std::function<void(int steps, double relative_gap)>;

}  // namespace vgg16
