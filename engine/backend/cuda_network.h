// VGG16's weights on one CUDA device: converted once, immutable, shared by any number of engines on that device.
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

/// Channels of the network's input on a GPU: blue, green, red and zeros, so that a pixel is 16 bytes, as the
/// convolutions require (kernels/conv3x3_cudnn.h).
constexpr int input_channels(CudaPrecision precision) { return element_type(precision) == ElementType::kF32 ? 4 : 8; }

/// The shape of convolution `layer` of kVgg16 for n pictures; the first has input_channels(precision) channels.
constexpr ConvProblem conv_problem(size_t layer, int n, CudaPrecision precision) {
  ConvProblem problem{input_shape(layer, n), kVgg16[layer].channels, precision};
  if (layer == 0) problem.in.c = input_channels(precision);
  return problem;
}

struct CudaNetwork {
  CudaDevice device;
  CudaPrecision precision = CudaPrecision::kF32;
  size_t last_layer = 0;                                 ///< layers after it have no weights here
  std::span<const CudnnTableEntry> engines;              ///< preferred; without an entry the heuristic's first is used
  std::array<DeviceBuffer, kConvLayers> kernels;         ///< (oc, 3, 3, ic) of element_type(precision)
  std::array<DeviceBuffer, kConvLayers> biases;          ///< (oc) float32
  std::array<DeviceBuffer, kConvLayers> rounded_biases;  ///< (oc) of element_type(precision)
};

/// "f32", "tf32", "f16" or "bf16". Throws Error{kInvalidArgument}.
[[nodiscard]] CudaPrecision cuda_precision_from_name(std::string_view name);

/// Copies the weights of layers 0..last_layer to `device`. `engines` must outlive the network; benchmarks pass tables
/// of their own. Throws Error{kMemory, kDevice}; kDevice also if the device is older than this build has code for.
[[nodiscard]] std::shared_ptr<const CudaNetwork> prepare_cuda_network(
    const Weights& weights, const CudaDevice& device, CudaPrecision precision, size_t last_layer,
    std::span<const CudnnTableEntry> engines = cudnn_table());

}  // namespace vgg16
