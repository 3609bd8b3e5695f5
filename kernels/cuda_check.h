// Every return code of CUDA's runtime goes through here. C++17: .cu files include it.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// Throws CudaError (kernels/cuda_error.h) unless `status` is cudaSuccess, quoting the call and its place.
#define VGG16_CUDA_CHECK(call) ::vgg16::check_cuda((call), #call, __FILE__, __LINE__)
void check_cuda(cudaError_t status, const char* call, const char* file, int line);

/// Throws CudaError naming `kernel` if the launch just made was refused, or if an earlier kernel has failed meanwhile.
/// Built with VGG16_SYNC_LAUNCHES it also waits for the kernel, so that a failure is told by its own name; not while
/// the stream is being captured into a graph.
void check_launch(const char* kernel, CudaStream stream);

/// Throws Error{kShape, message} unless `condition` holds. For .cu files, which cannot include vgg16/error.h (C++20).
void require_shape(bool condition, const char* message);

/// What the launchers of element-wise kernels require of a view: 16-byte aligned memory, a channel count that fills
/// whole vectors of 16 bytes, and fewer than 2^31 of these. Throws Error{kShape} naming `kernel`.
void require_vectors(const char* kernel, DeviceIn in);
void require_vectors(const char* kernel, DeviceOut out);

}  // namespace vgg16
