// A recorded sequence of launches and copies, which the device runs as one.
#pragma once

#include <functional>

#include "kernels/device_tensor.h"

struct CUgraphExec_st;

namespace vgg16 {

/// Movable owner, of the device that was current when it was made. The memory and the functions that were recorded must
/// outlive it.
class CudaGraph {
 public:
  CudaGraph() = default;
  /// Records what `work` puts into `stream`; nothing is run. `work` must neither wait nor take memory, and everything
  /// that it launches must have been launched before, since code is loaded at its first launch. Throws CudaError
  /// (kernels/cuda_error.h), and whatever `work` throws; the stream can be used again then.
  static CudaGraph record(CudaStream stream, const std::function<void()>& work);
  ~CudaGraph();
  CudaGraph(CudaGraph&& other) noexcept;
  CudaGraph& operator=(CudaGraph&& other) noexcept;

  /// Puts it all into `stream`. Throws CudaError.
  void launch(CudaStream stream) const;

 private:
  CUgraphExec_st* graph_ = nullptr;
};

}  // namespace vgg16
