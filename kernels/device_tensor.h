// Views of activations in device memory. C++17 and without CUDA's headers, so that .cu files (which are C++17) and the
// host code that calls the launchers can both include it.
#pragma once

#include <cstdint>

#include "vgg16/tensor.h"

struct CUstream_st;

namespace vgg16 {

/// The same type as cudaStream_t: a queue of work for the device, done in order. Null is the default stream.
using CudaStream = CUstream_st*;

enum class ElementType { kF32, kF16, kBf16 };

constexpr int element_bytes(ElementType type) { return type == ElementType::kF32 ? 4 : 2; }

/// Activations (n, h, w, c) in device memory to read: contiguous, channels last, aligned to 16 bytes. A view that owns
/// nothing; the memory must live until the stream has done the work that uses it.
struct DeviceIn {
  const void* data = nullptr;
  Shape4 shape;
  ElementType type = ElementType::kF32;
};

/// The same, to write. A type of its own, so that passing input and output in the wrong order does not compile.
struct DeviceOut {
  void* data = nullptr;
  Shape4 shape;
  ElementType type = ElementType::kF32;
};

}  // namespace vgg16
