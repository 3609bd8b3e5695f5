// Weights for tests in which only the same weights matter, not what they are.
#pragma once

#include <memory>

#include "vgg16/weights.h"

namespace vgg16 {

/// Made once per program: 59 MB of random numbers.
inline const std::shared_ptr<const Weights>& weights() {
  static const std::shared_ptr<const Weights> shared = Weights::synthetic(5);
  return shared;
}

}  // namespace vgg16
