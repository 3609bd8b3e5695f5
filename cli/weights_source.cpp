#include "weights_source.h"

#include <cstdlib>

extern "C" {
extern const std::byte vgg16_embedded_weights[];
extern const std::byte vgg16_embedded_weights_end[];
}

namespace vgg16 {

std::shared_ptr<const Weights> load_weights(const std::string& file) {
  if (!file.empty()) return Weights::load(file);
  if (const char* named = std::getenv("VGG16_WEIGHTS"); named != nullptr && *named != '\0') return Weights::load(named);
  const std::span bytes(vgg16_embedded_weights, vgg16_embedded_weights_end);
  return Weights::from_safetensors(bytes, "built-in weights", VGG16_WEIGHTS_DIGEST);
}

std::string builtin_weights_digest() { return VGG16_WEIGHTS_DIGEST; }

}  // namespace vgg16
