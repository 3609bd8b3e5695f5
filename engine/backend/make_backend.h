// Chooses and makes an engine. Only this file's source knows whether the build has the CUDA engine.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "vgg16/weights.h"

namespace vgg16 {

struct BackendOptions {
  std::string device = "auto";       ///< "auto", "cpu", "cuda" (the first GPU) or "cuda:N"
  std::string precision = "f32";     ///< "f32" or "bf16"; on a GPU also "tf32" or "f16"
  std::string instruction_set = "";  ///< "" for the best this machine has; otherwise by name, for tests and benchmarks
  int threads = 0;                   ///< 0: available_processors()
  int max_batch = 32;
  /// forward() will be called for layers up to stop.layer; on a GPU the pass that ends exactly here is the fast one.
  Stop stop = {};
  /// When it becomes true, which another thread may do, the CPU's forward() ends early, with Error{kCancelled}. May be
  /// null; else it must outlive the engine.
  const std::atomic<bool>* cancelled = nullptr;
  /// Called with one line per decision that the options leave open, such as which device is used. May be empty.
  std::function<void(const std::string& line)> log = {};
};

/// "auto" takes the first GPU if this build has the CUDA engine and the GPU can be used, otherwise the CPU; if a GPU is
/// present, `log` is told that it is used, or why not. "cuda" never falls back to the CPU. Throws
/// Error{kInvalidArgument, kDevice, kMemory}.
[[nodiscard]] std::unique_ptr<Backend> make_backend(const Weights& weights, const BackendOptions& options);

/// A set of kernels of the CPU engine: an instruction set and a precision, as in BackendOptions.
struct CpuSet {
  std::string_view name, precision;
};
/// Those that this machine can run, fastest first within a precision, float32 before bfloat16. "amx" is among them
/// where processor and system have it, although the system may still refuse it to this process.
[[nodiscard]] std::vector<CpuSet> runnable_cpu_sets();

}  // namespace vgg16
