// The CUDA devices of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vgg16 {

struct CudaDevice {
  int index = 0;
  std::string name;
  int architecture = 0;  ///< 90 for compute capability 9.0
  int64_t memory_bytes = 0;
};

/// "cuda:0, NVIDIA H200 (sm_90, 141 GB)".
[[nodiscard]] std::string describe(const CudaDevice& device);

/// False on a machine without NVIDIA's driver, and where the driver shows no device; true says no more than that there
/// is one to be asked for.
[[nodiscard]] bool has_cuda_device();

/// All that the driver shows; never empty. Throws CudaError (kernels/cuda_error.h) where there is no driver or no
/// device.
[[nodiscard]] std::vector<CudaDevice> cuda_devices();

/// Makes a device the calling thread's current one, and the former one again at the end.
class CurrentDevice {
 public:
  /// Throws CudaError.
  explicit CurrentDevice(int index);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int former_ = 0;
  bool changed_ = false;
};

}  // namespace vgg16
