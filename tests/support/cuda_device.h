// Whether there is a GPU to test on.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace vgg16 {

/// Why no CUDA device can be used here, or "".
[[nodiscard]] inline std::string no_device_reason() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (status == cudaSuccess && count > 0) return "";
  return std::string("no CUDA device here: ") +
         (status == cudaSuccess ? "none is visible" : cudaGetErrorString(status));
}

}  // namespace vgg16
