#include "backend/amx_network.h"

#include <vector>

namespace vgg16 {

std::shared_ptr<const AmxNetwork> prepare_amx_network(const Weights& weights, size_t last_layer, ThreadPool& pool) {
  auto network = std::make_shared<AmxNetwork>();
  network->last_layer = last_layer;
  const size_t n_conv = conv_index(last_layer + 1);

  // Packing is one job per layer and panel, so that the threads share the work evenly.
  struct Job {
    size_t conv;
    int panel;
    uint16_t* packed;
  };
  std::vector<FloatArray> plain(n_conv);
  std::vector<Job> jobs;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    if (!is_conv(layer)) continue;
    const size_t conv = conv_index(layer);
    const ConvShape shape = conv_shape(conv);
    const int n_panels = conv == 0 ? 0 : shape.oc / kBf16Block;  // the first is packed with its bias
    const int64_t panel_count = amx_panel_count(shape.ic);
    plain[conv] = FloatArray(int64_t{9} * shape.ic * shape.oc);
    network->biases[conv] = FloatArray(shape.oc);
    network->filters[conv] = FloatArray((conv == 0 ? kAmxFirstFilterCount : n_panels * panel_count) / 2);
    auto* packed = reinterpret_cast<uint16_t*>(network->filters[conv].data());
    network->convolutions[conv] = {shape.ic, shape.oc, output_shape(layer, 1).h, packed, network->biases[conv].data()};
    for (int panel = 0; panel < n_panels; ++panel) jobs.push_back({conv, panel, packed + panel * panel_count});
  }

  pool.for_each(static_cast<int64_t>(n_conv), [&](int64_t i, int) {
    const size_t conv = n_conv - 1 - static_cast<size_t>(i);  // largest layers first, so that the threads end together
    weights.copy_kernel(conv, plain[conv].data());
    float* bias = network->biases[conv].data();
    weights.copy_bias(conv, bias);
    if (conv == 0) {
      pack_amx_first_filters(plain[0].data(), reinterpret_cast<uint16_t*>(network->filters[0].data()), bias);
    }
    for (int o = 0; o < conv_shape(conv).oc; ++o) bias[o] += 0.0F;  // turns -0 into 0 (AmxLayer::bias)
  });
  pool.for_each(static_cast<int64_t>(jobs.size()), [&](int64_t i, int) {
    const auto [conv, panel, packed] = jobs[static_cast<size_t>(i)];
    pack_amx_filters(plain[conv].data(), conv_shape(conv).ic, conv_shape(conv).oc, panel, packed);
  });
  return network;
}

}  // namespace vgg16
