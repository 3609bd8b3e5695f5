// The weights as float32, which the CPU engines transform or pack.
#pragma once

#include <array>
#include <vector>

#include "kernels/memory.h"
#include "kernels/parallel.h"
#include "network/vgg16.h"
#include "vgg16/weights.h"

namespace vgg16 {

/// By conv index: kernels (3, 3, ic, oc), row-major, and biases, none of them -0 (bias_relu in simd.h says why).
struct PlainWeights {
  std::vector<FloatArray> kernels;
  std::array<FloatArray, kConvLayers> biases;
};

/// Those of the first `n_conv` convolutions, read on all of `pool`'s threads. Throws Error{kMemory}.
[[nodiscard]] PlainWeights read_plain_weights(const Weights& weights, size_t n_conv, ThreadPool& pool);

}  // namespace vgg16
