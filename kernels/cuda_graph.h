// A CUDA graph: a recorded sequence of launches and copies, which is launched as one and so costs the host one call.
#pragma once

#include <functional>

#include "kernels/device_tensor.h"

struct CUgraphExec_st;

namespace vgg16 {

/// Owns a graph of the device that was current when it was recorded. Move-only. The memory and the kernels that the
/// recorded work uses must outlive it.
class CudaGraph {
 public:
  CudaGraph() = default;
  /// Records what work() puts into `stream`, without running it. work() must neither wait nor allocate device memory,
  /// and every kernel in it must have been launched before: CUDA loads a kernel's code at its first launch, which is
  /// not allowed while recording. Throws CudaError (kernels/cuda_error.h) and what work() throws; the stream stays
  /// usable.
  static CudaGraph record(CudaStream stream, const std::function<void()>& work);
  ~CudaGraph();
  CudaGraph(CudaGraph&& other) noexcept;
  CudaGraph& operator=(CudaGraph&& other) noexcept;

  /// Puts the recorded work into `stream`; does not wait. Throws CudaError.
  void launch(CudaStream stream) const;

 private:
  CUgraphExec_st* graph_ = nullptr;
};

}  // namespace vgg16
