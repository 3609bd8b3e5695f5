#include "backend/plain_weights.h"

namespace vgg16 {

PlainWeights read_plain_weights(const Weights& weights, size_t n_conv, ThreadPool& pool) {
  PlainWeights plain;
  for (size_t conv = 0; conv < n_conv; ++conv) {
    const ConvShape shape = conv_shape(conv);
    plain.kernels.emplace_back(int64_t{9} * shape.ic * shape.oc);
    plain.biases[conv] = FloatArray(shape.oc);
  }
  pool.for_each(static_cast<int64_t>(n_conv), [&](int64_t i, int) {
    const size_t conv = n_conv - 1 - static_cast<size_t>(i);  // largest layers first, so that the threads end together
    weights.copy_kernel(conv, plain.kernels[conv].data());
    float* bias = plain.biases[conv].data();
    weights.copy_bias(conv, bias);
    for (int o = 0; o < conv_shape(conv).oc; ++o) bias[o] += 0.0F;  // turns -0 into 0
  });
  return plain;
}

}  // namespace vgg16
