#include "kernels/cuda_device.h"

#include "kernels/cuda_check.h"

namespace vgg16 {

std::string describe(const CudaDevice& device) {
  return "cuda:" + std::to_string(device.index) + ", " + device.name + " (sm_" + std::to_string(device.architecture) +
         ", " + std::to_string((device.memory_bytes + 500'000'000) / 1'000'000'000) + " GB)";
}

bool has_cuda_device() {
  int version = 0;  // stays 0 where there is no driver
  int count = 0;
  const bool driver = cudaDriverGetVersion(&version) == cudaSuccess && version > 0;
  const bool found = driver && cudaGetDeviceCount(&count) != cudaErrorNoDevice;
  static_cast<void>(cudaGetLastError());  // "no device" is the answer here; the next check_launch must not report it
  return found;
}

// Without the has_cuda_device() check, so that the error says what is missing.
std::vector<CudaDevice> cuda_devices() {
  int count = 0;
  VGG16_CUDA_CHECK(cudaGetDeviceCount(&count));
  std::vector<CudaDevice> devices;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    VGG16_CUDA_CHECK(cudaGetDeviceProperties(&properties, i));
    devices.push_back({i, properties.name, properties.major * 10 + properties.minor,
                       static_cast<int64_t>(properties.totalGlobalMem)});
  }
  return devices;
}

bool is_memory_of(int index, const void* data) {
  if (data == nullptr) return false;
  cudaPointerAttributes attributes{};
  VGG16_CUDA_CHECK(cudaPointerGetAttributes(&attributes, data));
  return attributes.type == cudaMemoryTypeManaged ||
         (attributes.type == cudaMemoryTypeDevice && attributes.device == index);
}

CurrentDevice::CurrentDevice(int index) {
  VGG16_CUDA_CHECK(cudaGetDevice(&former_));
  changed_ = former_ != index;
  if (changed_) VGG16_CUDA_CHECK(cudaSetDevice(index));
}

// cudaSetDevice also initialises the device, which fails if another process has exclusive use of it. Nothing can be
// done about it here, and CUDA must not report it with the next launch, so the error is cleared.
CurrentDevice::~CurrentDevice() {
  if (changed_ && cudaSetDevice(former_) != cudaSuccess) static_cast<void>(cudaGetLastError());
}

}  // namespace vgg16
