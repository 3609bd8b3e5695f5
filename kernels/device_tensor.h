// Views of device memory. C++17 and free of CUDA's headers: for .cu files and for everybody who launches kernels.
#pragma once

#include <cstdint>

#include "vgg16/tensor.h"

struct CUstream_st;

namespace vgg16 {

/// What cudaStream_t is: the queue that a kernel is put into. Null is the device's default stream.
using CudaStream = CUstream_st*;

enum class ElementType { kF32, kF16, kBf16 };

constexpr int element_bytes(ElementType type) { return type == ElementType::kF32 ? 4 : 2; }

/// Activations in device memory: contiguous, channels last, aligned to 16 bytes. They own nothing; the memory must live
/// until the stream has done the work.
struct DeviceIn {
  const void* data = nullptr;
  Shape4 shape;
  ElementType type = ElementType::kF32;
};

/// The same, to be written.
struct DeviceOut {
  void* data = nullptr;
  Shape4 shape;
  ElementType type = ElementType::kF32;
};

}  // namespace vgg16
