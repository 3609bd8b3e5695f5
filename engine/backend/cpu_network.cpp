#include "backend/cpu_network.h"

#include <vector>

#include "backend/winograd_tiles.h"

namespace vgg16 {

std::shared_ptr<const CpuNetwork> prepare_cpu_network(const Weights& weights, const Conv3x3Cpu& kernels,
                                                      size_t last_layer, ThreadPool& pool) {
  auto network = std::make_shared<CpuNetwork>();
  network->kernels = &kernels;
  network->last_layer = last_layer;
  const size_t n_conv = conv_index(last_layer + 1);

  // Transforming is one job per layer and panel, so that the threads share the work evenly.
  struct Job {
    size_t conv;
    int panel;
  };
  std::vector<FloatArray> plain(n_conv);
  std::vector<Job> jobs;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    if (!is_conv(layer)) continue;
    const size_t conv = conv_index(layer);
    const ConvShape shape = conv_shape(conv);
    plain[conv] = FloatArray(int64_t{9} * shape.ic * shape.oc);
    network->biases[conv] = FloatArray(shape.oc);
    if (conv == 0) continue;
    WinogradLayer& w = network->convolutions[conv];
    w.ic = shape.ic;
    w.oc = shape.oc;
    w.side = output_shape(layer, 1).h;
    w.depth = shape.ic / kernels.channels_per_word;
    w.m = winograd_tile(conv, kernels.precision);
    set_kernel_strides(w, kernels.panel);
    network->transformed[conv] = FloatArray(kernel_count(w));
    w.u = network->transformed[conv].data();
    w.bias = network->biases[conv].data();
    for (int panel = 0; panel < w.oc / kernels.panel; ++panel) jobs.push_back({conv, panel});
  }

  pool.for_each(static_cast<int64_t>(n_conv), [&](int64_t i, int) {
    const size_t conv = n_conv - 1 - static_cast<size_t>(i);  // largest layers first, so that the threads end together
    weights.copy_kernel(conv, plain[conv].data());
    float* bias = network->biases[conv].data();
    weights.copy_bias(conv, bias);
    for (int o = 0; o < conv_shape(conv).oc; ++o) bias[o] += 0.0F;  // turns -0 into 0 (WinogradLayer::bias)
  });
  pool.for_each(static_cast<int64_t>(jobs.size()), [&](int64_t i, int) {
    const auto [conv, panel] = jobs[static_cast<size_t>(i)];
    const WinogradLayer& w = network->convolutions[conv];
    kernels.transform_kernel(w, plain[conv].data(), panel, network->transformed[conv].data());
  });
  network->first_kernel = std::move(plain[0]);
  network->first = {network->first_kernel.data(), network->biases[0].data()};
  return network;
}

}  // namespace vgg16
