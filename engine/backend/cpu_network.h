// VGG16's weights, transformed once for the CPU engine. Immutable, shared by any number of engines and threads.
#pragma once

#include <array>
#include <memory>

#include "backend/cpu_convolution.h"
#include "kernels/conv3x3_cpu.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"
#include "network/vgg16.h"
#include "vgg16/weights.h"

namespace vgg16 {

struct CpuNetwork {
  const Conv3x3Cpu* kernels = nullptr;
  size_t last_layer = 0;                                ///< layers after it have no weights here
  FloatArray first_kernel;                              ///< (3, 3, 3, 64)
  FirstLayer first;                                     ///< views of first_kernel and biases[0]
  std::array<FloatArray, kConvLayers> biases;           ///< by conv index
  std::array<FloatArray, kConvLayers> transformed;      ///< by conv index; [0] is empty
  std::array<WinogradLayer, kConvLayers> convolutions;  ///< by conv index, views of the arrays above; [0] is unused
};

/// Prepares the weights of layers 0..last_layer for one instruction set, on all of `pool`'s threads.
/// Throws Error{kMemory}.
[[nodiscard]] std::shared_ptr<const CpuNetwork> prepare_cpu_network(const Weights& weights, const Conv3x3Cpu& kernels,
                                                                    size_t last_layer, ThreadPool& pool);

}  // namespace vgg16
