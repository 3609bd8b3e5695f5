#include "backend/amx_network.h"

#include <utility>
#include <vector>

#include "backend/plain_weights.h"
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
  PlainWeights plain = read_plain_weights(weights, n_conv, pool);
  network->biases = std::move(plain.biases);
  std::vector<Job> jobs;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    if (!is_conv(layer)) continue;
    const size_t conv = conv_index(layer);
    const ConvShape shape = conv_shape(conv);
    const int n_panels = conv == 0 ? 0 : shape.oc / kBf16Block;  // the first is packed with its bias
    const int64_t panel_count = amx_panel_count(shape.ic);
    network->filters[conv] = FloatArray((conv == 0 ? kAmxFirstFilterCount : n_panels * panel_count) / 2);
    auto* packed = reinterpret_cast<uint16_t*>(network->filters[conv].data());
    network->convolutions[conv] = {shape.ic, shape.oc, output_shape(layer, 1).h, packed, network->biases[conv].data()};
    for (int panel = 0; panel < n_panels; ++panel) jobs.push_back({conv, panel, packed + panel * panel_count});
  }

  pack_amx_first_filters(plain.kernels[0].data(), reinterpret_cast<uint16_t*>(network->filters[0].data()),
                         network->biases[0].data());
  pool.for_each(static_cast<int64_t>(jobs.size()), [&](int64_t i, int) {
    const auto [conv, panel, packed] = jobs[static_cast<size_t>(i)];
    pack_amx_filters(plain.kernels[conv].data(), conv_shape(conv).ic, conv_shape(conv).oc, panel, packed);
  });
  return network;
}

}  // namespace vgg16
