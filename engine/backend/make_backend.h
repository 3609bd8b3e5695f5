// Chooses and builds a backend. The only place that knows what this build holds.
#pragma once

#include <memory>
#include <string>

#include "backend/backend.h"
#include "vgg16/weights.h"

namespace vgg16 {

struct BackendOptions {
  std::string device = "auto";       ///< "auto" or "cpu"
  std::string precision = "f32";     ///< "f32" or "bf16"
  std::string instruction_set = "";  ///< "" for the best this machine has; otherwise by name, for tests and benchmarks
  int threads = 0;                   ///< 0: every processor
  int max_batch = 32;
  size_t last_layer = 17;  ///< no layer after it will be asked for
};

/// Throws Error{kInvalidArgument, kDevice, kMemory}.
[[nodiscard]] std::unique_ptr<Backend> make_backend(const Weights& weights, const BackendOptions& options);

}  // namespace vgg16
