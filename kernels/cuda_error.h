// The exception that a failed CUDA call becomes, for host code that catches it.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "vgg16/error.h"

namespace vgg16 {

/// Whether `status` is what CUDA calls sticky: after a fault in a kernel or in the hardware, every later call of this
/// process fails with the same error, and only a new process can use the device again.
[[nodiscard]] bool is_sticky(cudaError_t status);

/// Its code is ErrorCode::kMemory if device memory or pinned host memory ran out, otherwise ErrorCode::kDevice.
class CudaError : public Error {
 public:
  CudaError(cudaError_t status, const std::string& message, const std::string& detail);
  [[nodiscard]] cudaError_t status() const noexcept { return status_; }
  /// This process cannot use the device any more.
  [[nodiscard]] bool sticky() const noexcept { return is_sticky(status_); }

 private:
  cudaError_t status_;
};

}  // namespace vgg16
