#include "backend/cpu_network.h"

#include <utility>
#include <vector>

#include "backend/plain_weights.h"
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
  PlainWeights plain = read_plain_weights(weights, n_conv, pool);
  network->biases = std::move(plain.biases);
  std::vector<Job> jobs;
  for (size_t layer = 1; layer <= last_layer; ++layer) {
    if (!is_conv(layer)) continue;
    const size_t conv = conv_index(layer);
    const ConvShape shape = conv_shape(conv);
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

  pool.for_each(static_cast<int64_t>(jobs.size()), [&](int64_t i, int) {
    const auto [conv, panel] = jobs[static_cast<size_t>(i)];
    const WinogradLayer& w = network->convolutions[conv];
    kernels.transform_kernel(w, plain.kernels[conv].data(), panel, network->transformed[conv].data());
  });
  network->first_kernel = std::move(plain.kernels[0]);
  network->first = {network->first_kernel.data(), network->biases[0].data()};
  return network;
}

}  // namespace vgg16
