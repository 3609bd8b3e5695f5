// The 3x3 convolution by cuDNN's graph API: which engine computes it, and running it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// What the products' operands are: float32; float32 rounded to TF32 for the tensor cores; float16; bfloat16.
/// Sums are float32 in all of them.
enum class CudaPrecision { kF32, kTf32, kF16, kBf16 };

/// The type in which activations and kernels are stored.
constexpr ElementType element_type(CudaPrecision precision) {
  return precision == CudaPrecision::kF16    ? ElementType::kF16
         : precision == CudaPrecision::kBf16 ? ElementType::kBf16
                                             : ElementType::kF32;
}

/// Convolution 3x3, stride 1, zero padding 1 of `in` (n, h, w, ic) to (n, h, w, oc).
struct ConvProblem {
  Shape4 in;
  int oc = 0;
  CudaPrecision precision = CudaPrecision::kF32;
  friend constexpr bool operator==(const ConvProblem& a, const ConvProblem& b) {
    return a.in == b.in && a.oc == b.oc && a.precision == b.precision;
  }
};

/// One of cuDNN's engines: its number among those for the graph, and its knobs (cudnnBackendKnobType_t, value).
struct CudnnEngine {
  struct Knob {
    int64_t type;
    int64_t value;
  };
  bool bias_and_relu = true;  ///< of the graph convolution + bias + ReLU, else of the convolution alone
  int64_t index = 0;
  std::vector<Knob> knobs;
};

/// "conv+bias+relu 57 (2:1 11:4)": the graph, the number, and the knobs as type:value.
[[nodiscard]] std::string describe(const CudnnEngine& engine);

/// An engine that a run on a device has shown to be faster than the heuristic's first.
struct CudnnTableEntry {
  int architecture = 0;  ///< 90 for compute capability 9.0
  int64_t cudnn_version = 0;
  ConvProblem problem;
  CudnnEngine engine;
};

/// The committed table (conv3x3_cudnn_table.inc), and its entry for a problem on a device: null where there is none.
[[nodiscard]] std::span<const CudnnTableEntry> cudnn_table();
[[nodiscard]] const CudnnEngine* find_engine(std::span<const CudnnTableEntry> table, int architecture,
                                             int64_t cudnn_version, const ConvProblem& problem);

/// "9.13.0". Opens the library. Throws Error{kDevice}.
[[nodiscard]] std::string cudnn_version_text();

/// cuDNN for one thread: a handle on the device that is current, whose work goes into `stream`, which must outlive it.
class Cudnn {
 public:
  /// Throws Error{kDevice, kMemory}; kDevice also where the library is missing.
  explicit Cudnn(CudaStream stream);
  /// Plans only, nothing can be run: for a device that is not there, from cuDNN's JSON description of it (9.8 and
  /// newer). What the heuristic would choose elsewhere can be looked at, and tested, on a machine without a GPU.
  explicit Cudnn(const std::string& device_properties);
  ~Cudnn();
  Cudnn(Cudnn&&) noexcept;
  Cudnn& operator=(Cudnn&&) noexcept;

  [[nodiscard]] int64_t version() const;

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A convolution planned for one shape. Rows must be reproducible, so the engine is never chosen by timing: it is the
/// given one, or else the first that cuDNN's heuristic (mode A, then its fallback list) names, that cuDNN can build
/// here (some need NVRTC) and that is
///   - deterministic, with float32 sums;
///   - for kF32, free of tensor cores and of operands rounded down;
///   - content with 4 GiB of workspace.
/// Engines that add bias and apply ReLU come before those that do not.
/// Source: NVIDIA, cuDNN's documentation of the graph API and of its backend descriptors.
class CudnnConv3x3 {
 public:
  /// `engine` may be null. ic must fill 16 bytes. `cudnn` must outlive this. Throws Error{kDevice, kMemory}.
  CudnnConv3x3(const Cudnn& cudnn, const ConvProblem& problem, const CudnnEngine* engine);
  ~CudnnConv3x3();
  CudnnConv3x3(CudnnConv3x3&&) noexcept;
  CudnnConv3x3& operator=(CudnnConv3x3&&) noexcept;

  /// Whether run() gives max(conv + bias, 0), or the convolution alone.
  [[nodiscard]] bool has_bias_and_relu() const;
  [[nodiscard]] int64_t workspace_bytes() const;
  [[nodiscard]] CudnnEngine engine() const;
  /// Whether the engine uses tensor cores or rounds its operands down.
  [[nodiscard]] bool is_reduced_precision() const;

  /// Fixes the memory that run() uses, all on the device, aligned to 16 bytes: x (n, h, w, ic), `kernel` (oc, 3, 3, ic)
  /// and y (n, h, w, oc) of the element type; `bias` oc numbers of it, where has_bias_and_relu(); `workspace`
  /// workspace_bytes(), which convolutions of one stream may share.
  void bind(const void* x, const void* kernel, const void* bias, void* y, void* workspace);

  /// Puts the convolution into the handle's stream; allocates nothing and does not wait. Throws Error{kDevice}.
  void run() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every engine that would be accepted for `problem`, in the heuristic's order: for the benchmark that proposes entries
/// of the table.
[[nodiscard]] std::vector<CudnnEngine> cudnn_candidates(const Cudnn& cudnn, const ConvProblem& problem);

}  // namespace vgg16
