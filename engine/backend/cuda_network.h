// VGG16's weights on one CUDA device: converted once, immutable, shared by any number of engines there.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_device.h"
#include "kernels/cuda_memory.h"
#include "network/vgg16.h"
#include "vgg16/weights.h"

namespace vgg16 {

/// Channels of the normalised picture, so that a pixel fills 16 bytes (float32) or as many numbers as tensor cores take
/// at a time (16 bytes of float16): blue, green, red, and zeros.
constexpr int input_channels(CudaPrecision precision) { return element_type(precision) == ElementType::kF32 ? 4 : 8; }

/// What convolution `layer` of kVgg16 computes for n pictures, with the padded channels of the first.
constexpr ConvProblem conv_problem(size_t layer, int n, CudaPrecision precision) {
  ConvProblem problem{input_shape(layer, n), kVgg16[layer].channels, precision};
  if (layer == 0) problem.in.c = input_channels(precision);
  return problem;
}

struct CudaNetwork {
  CudaDevice device;
  CudaPrecision precision = CudaPrecision::kF32;
  size_t last_layer = 0;                                 ///< layers after it have no weights here
  std::span<const CudnnTableEntry> engines;              ///< where they fit; elsewhere the heuristic's first
  std::array<DeviceBuffer, kConvLayers> kernels;         ///< (oc, 3, 3, ic) of element_type(precision)
  std::array<DeviceBuffer, kConvLayers> biases;          ///< (oc) float32
  std::array<DeviceBuffer, kConvLayers> rounded_biases;  ///< (oc) of element_type(precision)
};

/// "f32", "tf32", "f16" or "bf16". Throws Error{kInvalidArgument}.
[[nodiscard]] CudaPrecision cuda_precision_from_name(std::string_view name);

/// Puts the weights of layers 0..last_layer on `device`. `engines` must outlive the network; another than the committed
/// table is for benchmarks.
/// Throws Error{kMemory, kDevice}; kDevice also where the device is too old for the code of this build.
[[nodiscard]] std::shared_ptr<const CudaNetwork> prepare_cuda_network(
    const Weights& weights, const CudaDevice& device, CudaPrecision precision, size_t last_layer,
    std::span<const CudnnTableEntry> engines = cudnn_table());

}  // namespace vgg16
