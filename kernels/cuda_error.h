// How CUDA fails here: host code that catches includes this.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "vgg16/error.h"

namespace vgg16 {

/// Whether `status` leaves the process without a usable device: after a fault in a kernel or in the hardware every
/// later call fails with the same error, and only a new process gets rid of it.
[[nodiscard]] bool is_sticky(cudaError_t status);

/// ErrorCode::kMemory where the device's or the host's pinned memory ran out, ErrorCode::kDevice for all else.
class CudaError : public Error {
 public:
  CudaError(cudaError_t status, const std::string& message);
  [[nodiscard]] cudaError_t status() const noexcept { return status_; }
  /// The device is lost to this process: whoever holds work on it must not use it again.
  [[nodiscard]] bool sticky() const noexcept { return is_sticky(status_); }

 private:
  cudaError_t status_;
};

}  // namespace vgg16
