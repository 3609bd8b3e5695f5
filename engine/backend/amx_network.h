// VGG16's weights, packed once for the AMX engine. Immutable, shared by any number of engines and threads.
#pragma once

#include <array>
#include <memory>

#include "kernels/conv3x3_amx.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"
#include "network/vgg16.h"
#include "vgg16/weights.h"

namespace vgg16 {

struct AmxNetwork {
  size_t last_layer = 0;                           ///< layers after it have no weights here
  std::array<FloatArray, kConvLayers> biases;      ///< by conv index
  std::array<FloatArray, kConvLayers> filters;     ///< by conv index; pairs of bfloat16
  std::array<AmxLayer, kConvLayers> convolutions;  ///< by conv index, views of the arrays above
};

/// Prepares the weights of layers 0..last_layer on all of `pool`'s threads. Throws Error{kMemory}.
[[nodiscard]] std::shared_ptr<const AmxNetwork> prepare_amx_network(const Weights& weights, size_t last_layer,
                                                                    ThreadPool& pool);

}  // namespace vgg16
