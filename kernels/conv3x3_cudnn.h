// 3x3 convolution on the GPU by cuDNN's graph API: choosing one of cuDNN's engines for a shape, and running it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// The type of the multiplied operands: float32 without tensor cores; float32 rounded to TF32 for the tensor cores;
/// float16; bfloat16. Sums are float32 in all of them.
enum class CudaPrecision { kF32, kTf32, kF16, kBf16 };

/// The type in which activations and kernels are stored.
constexpr ElementType element_type(CudaPrecision precision) {
  return precision == CudaPrecision::kF16    ? ElementType::kF16
         : precision == CudaPrecision::kBf16 ? ElementType::kBf16
                                             : ElementType::kF32;
}

/// A 3x3 convolution, stride 1, zero padding 1, of activations of shape `in` (n, h, w, ic) to (n, h, w, oc).
struct ConvProblem {
  Shape4 in;
  int oc = 0;
  CudaPrecision precision = CudaPrecision::kF32;
  friend constexpr bool operator==(const ConvProblem& a, const ConvProblem& b) {
    return a.in == b.in && a.oc == b.oc && a.precision == b.precision;
  }
};

/// One of cuDNN's engines, that is, implementations: its index among those for a graph of operations, and the settings
/// of its knobs, tuning parameters such as tile sizes (type: a cudnnBackendKnobType_t).
struct CudnnEngine {
  struct Knob {
    int64_t type;
    int64_t value;
  };
  bool bias_and_relu = true;  ///< true: of the graph convolution, bias, ReLU; false: of the convolution alone
  int64_t index = 0;
  std::vector<Knob> knobs;
};

/// "conv+bias+relu 57 (2:1 11:4)": the graph, the index, and the knobs as type:value.
[[nodiscard]] std::string describe(const CudnnEngine& engine);

/// An engine that was measured, on a device, to be faster than the first that cuDNN's heuristic names.
struct CudnnTableEntry {
  int architecture = 0;  ///< 90 for compute capability 9.0
  int64_t cudnn_version = 0;
  ConvProblem problem;
  CudnnEngine engine;
};

/// The table in conv3x3_cudnn_table.inc, and a table's entry for a problem on a device, null if it has none.
[[nodiscard]] std::span<const CudnnTableEntry> cudnn_table();
[[nodiscard]] const CudnnEngine* find_engine(std::span<const CudnnTableEntry> table, int architecture,
                                             int64_t cudnn_version, const ConvProblem& problem);

/// The version of the library that is loaded, such as "9.13.0". Loads it first. Throws Error{kDevice}.
[[nodiscard]] std::string cudnn_version_text();

/// A cuDNN handle for the current device. All work goes into `stream`, which must outlive it. One thread at a time.
class Cudnn {
 public:
  /// Throws Error{kDevice, kMemory}; kDevice also where the library is missing.
  explicit Cudnn(CudaStream stream);
  /// For a device that this machine does not have, from cuDNN's JSON description of it (cuDNN 9.8 and newer).
  /// Convolutions can be planned but not run: so the choice of engines can be tested on a machine without a GPU.
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

/// A convolution planned for one shape. Features must be reproducible, so the engine is never chosen by timing. It is
/// the given one, or else the first named by cuDNN's heuristic (mode A, then its fallback list) that cuDNN can build on
/// this machine (some need NVRTC) and that
///   - is deterministic and sums in float32;
///   - for kF32, uses no tensor cores and does not round its operands to a narrower type;
///   - needs at most 4 GiB of workspace.
/// In each list, engines that include bias and ReLU come before those that do not.
/// Source: NVIDIA, cuDNN's documentation of the graph API and of its backend descriptors.
class CudnnConv3x3 {
 public:
  /// Plans `problem` with `engine`, or with the engine chosen as above if it is null. ic numbers must be a multiple of
  /// 16 bytes. `cudnn` must outlive this. Throws Error{kDevice, kMemory}.
  CudnnConv3x3(const Cudnn& cudnn, const ConvProblem& problem, const CudnnEngine* engine);
  ~CudnnConv3x3();
  CudnnConv3x3(CudnnConv3x3&&) noexcept;
  CudnnConv3x3& operator=(CudnnConv3x3&&) noexcept;

  /// Whether run() computes max(conv + bias, 0); otherwise it computes the convolution alone.
  [[nodiscard]] bool has_bias_and_relu() const;
  [[nodiscard]] int64_t workspace_bytes() const;
  [[nodiscard]] CudnnEngine engine() const;
  /// Whether the engine uses tensor cores or rounds its operands to a narrower type.
  [[nodiscard]] bool is_reduced_precision() const;

  /// Sets the memory that run() uses, all on the device and aligned to 16 bytes: x (n, h, w, ic), `kernel` (oc, 3, 3,
  /// ic) and y (n, h, w, oc) of the element type; `bias`, oc numbers of that type, used if has_bias_and_relu();
  /// `workspace`, workspace_bytes() long, which several convolutions of one stream may share. The memory must outlive
  /// this.
  void bind(const void* x, const void* kernel, const void* bias, void* y, void* workspace);

  /// Puts the convolution into the handle's stream; allocates nothing and does not wait. Throws Error{kDevice}.
  void run() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every engine that the rules of CudnnConv3x3 accept for `problem`, in the order in which it would choose. For the
/// benchmark that proposes entries of the table (bench/propose_engines.cpp).
[[nodiscard]] std::vector<CudnnEngine> cudnn_candidates(const Cudnn& cudnn, const ConvProblem& problem);

}  // namespace vgg16
