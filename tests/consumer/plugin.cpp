// A plug-in, which contains the weights: what it returns is right if features, threads and exceptions work.
#include <vgg16/embedded_weights.h>
#include <vgg16/error.h>
#include <vgg16/extractor.h>

#include <vector>

namespace {

bool computes() {
  const std::span file(vgg16_embedded_weights, vgg16_embedded_weights_end);
  const auto weights =
      vgg16::Weights::from_safetensors(std::as_bytes(file), "built-in weights", vgg16_embedded_weights_sha256);
  vgg16::Extractor extractor(weights, {.layer = "block1_pool", .pool = vgg16::Pool::kAvg, .threads = 2});
  const std::vector<uint8_t> pixels(224 * 224 * 3, 128);
  std::vector<float> row(static_cast<size_t>(extractor.columns()));
  extractor.extract({pixels.data(), 1}, row.data());
  return row.size() == 64 && row[0] > 0;
}

bool throws() try {
  static_cast<void>(vgg16::layer_index("block9_pool"));
  return false;
} catch (const vgg16::Error&) {
  return true;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int plugin_works(int thoroughly) {
  return throws() && (thoroughly == 0 || computes());
}
