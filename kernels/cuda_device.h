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

/// False if there is no NVIDIA driver or the driver shows no device. True does not mean that a device can be used: it
/// may be too old, or busy. Throws nothing.
[[nodiscard]] bool has_cuda_device();

/// All devices that the driver shows, at least one. Throws CudaError (kernels/cuda_error.h) if there is no driver or no
/// device.
[[nodiscard]] std::vector<CudaDevice> cuda_devices();

/// Whether `data` is in the memory of device `index`, or in managed memory. Throws CudaError.
[[nodiscard]] bool is_memory_of(int index, const void* data);

/// Makes a device the calling thread's current one, and restores the previous one in the destructor.
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
