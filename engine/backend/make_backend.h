// Chooses and builds a backend. The only place that knows what this build holds.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "vgg16/weights.h"

namespace vgg16 {

struct BackendOptions {
  std::string device = "auto";       ///< "auto", "cpu", "cuda" (the first GPU) or "cuda:N"
  std::string precision = "f32";     ///< "f32" or "bf16"; on a GPU also "tf32" or "f16"
  std::string instruction_set = "";  ///< "" for the best this machine has; otherwise by name, for tests and benchmarks
  int threads = 0;                   ///< 0: available_processors()
  int max_batch = 32;
  /// No layer after stop.layer will be asked for; on a GPU the pass that ends here is the one that is recorded.
  Stop stop = {};
  /// Told in one line each what was decided that the options leave open. May be empty.
  std::function<void(const std::string& line)> log = {};
};

/// "auto" is a GPU where this build has the CUDA engine and a GPU can be used, else the CPU; `log` is told which, and
/// why a GPU that is there is not used. "cuda" is never the CPU. Throws Error{kInvalidArgument, kDevice, kMemory}.
[[nodiscard]] std::unique_ptr<Backend> make_backend(const Weights& weights, const BackendOptions& options);

}  // namespace vgg16
