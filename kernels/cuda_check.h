// Turns the return codes of CUDA's runtime into exceptions. C++17, because .cu files include it.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// Throws CudaError (kernels/cuda_error.h), whose detail() quotes the call with its file and line, unless it gives
/// cudaSuccess.
#define VGG16_CUDA_CHECK(call) ::vgg16::check_cuda((call), #call, __FILE__, __LINE__)
void check_cuda(cudaError_t status, const char* call, const char* file, int line);

/// To be called after every launch. Throws CudaError with `kernel` in its detail() if the launch was refused, or if an
/// earlier kernel has failed in the meantime. In a build with VGG16_SYNC_LAUNCHES it also waits for the kernel, so that
/// a failure is reported under the right name (not while the stream is being recorded into a graph, where waiting is
/// forbidden).
void check_launch(const char* kernel, CudaStream stream);

/// Throws Error{kShape, message} unless `condition` holds. For .cu files, which cannot include vgg16/error.h (C++20).
void require_shape(bool condition, const char* message);

/// Checks what element-wise kernels require of a view: memory aligned to 16 bytes, a number of channels that fills
/// whole vectors of 16 bytes, and fewer than 2^31 of these vectors, which threads count in 32 bits. Throws
/// Error{kShape} naming `kernel`.
void require_vectors(const char* kernel, DeviceIn in);
void require_vectors(const char* kernel, DeviceOut out);

}  // namespace vgg16
