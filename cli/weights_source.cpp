#include "weights_source.h"

#include <cstdlib>
#include <span>

#include "vgg16/embedded_weights.h"

namespace vgg16 {

// An option wins over the environment variable, and that over the built-in weights.
std::string weights_file(const std::string& file) {
  const char* named = std::getenv("VGG16_WEIGHTS");
  return file.empty() && named != nullptr ? named : file;
}

std::shared_ptr<const Weights> load_weights(const std::string& file) {
  if (const std::string found = weights_file(file); !found.empty()) return Weights::load(found);
  const std::span bytes(vgg16_embedded_weights, vgg16_embedded_weights_end);
  return Weights::from_safetensors(std::as_bytes(bytes), "built-in weights", vgg16_embedded_weights_sha256);
}

std::string builtin_weights_digest() { return vgg16_embedded_weights_sha256; }

}  // namespace vgg16
