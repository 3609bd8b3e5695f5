#include "kernels/cuda_check.h"

#include <limits>
#include <string>

#include "kernels/cuda_error.h"

namespace vgg16 {
namespace {

// What the user can do about the error; "" if nothing is known.
std::string advice(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
      return "; no NVIDIA GPU is visible (see nvidia-smi and CUDA_VISIBLE_DEVICES)";
    case cudaErrorInsufficientDriver:
      return "; the NVIDIA driver is missing or older than this build needs: CUDA " +
             std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10);
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "; this build has no code for this GPU: it needs compute capability 8.0 or newer";
    case cudaErrorMemoryAllocation:
      return "; a smaller batch needs less memory";
    default:
      return is_sticky(status) ? "; this process cannot use the GPU any more: start the program again" : "";
  }
}

// `where` is the call or the kernel.
[[noreturn]] void fail(cudaError_t status, const std::string& where) {
  // CUDA also stores the error as its "last error". Clear it, or the next check_launch would report it as its own.
  static_cast<void>(cudaGetLastError());
  throw CudaError(status, std::string("CUDA: ") + cudaGetErrorString(status) + advice(status),
                  where + ": " + cudaGetErrorName(status));
}

void require_vectors(const char* kernel, const void* data, const Shape4& shape, ElementType type) {
  const int vector = 16 / element_bytes(type);
  const std::string name = kernel;
  require(reinterpret_cast<uintptr_t>(data) % 16 == 0, ErrorCode::kShape, name + ": memory is not aligned to 16 bytes");
  require(shape.n >= 0 && shape.h >= 0 && shape.w >= 0 && shape.c >= 0, ErrorCode::kShape,
          name + ": a dimension is negative");
  require(shape.c % vector == 0, ErrorCode::kShape,
          name + ": " + std::to_string(shape.c) + " channels, expected a multiple of " + std::to_string(vector));
  require(
      shape.count() / vector <= std::numeric_limits<int32_t>::max(), ErrorCode::kShape,
      name + ": " + std::to_string(shape.count()) + " numbers, more than one launch can index; use a smaller batch");
}

}  // namespace

bool is_sticky(cudaError_t status) {
  switch (status) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

CudaError::CudaError(cudaError_t status, const std::string& message, const std::string& detail)
    : Error(status == cudaErrorMemoryAllocation ? ErrorCode::kMemory : ErrorCode::kDevice, message, detail),
      status_(status) {}

void check_cuda(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  const std::string path = file;
  fail(status, std::string(call) + " at " + path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(line));
}

void check_launch(const char* kernel, [[maybe_unused]] CudaStream stream) {
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess) fail(status, kernel);
#ifdef VGG16_SYNC_LAUNCHES
  cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
  VGG16_CUDA_CHECK(cudaStreamIsCapturing(stream, &capturing));
  if (capturing != cudaStreamCaptureStatusNone) return;
  if (const cudaError_t status = cudaStreamSynchronize(stream); status != cudaSuccess) fail(status, kernel);
#endif
}

void require_shape(bool condition, const char* message) { require(condition, ErrorCode::kShape, message); }

void require_vectors(const char* kernel, DeviceIn in) { require_vectors(kernel, in.data, in.shape, in.type); }

void require_vectors(const char* kernel, DeviceOut out) { require_vectors(kernel, out.data, out.shape, out.type); }

}  // namespace vgg16
