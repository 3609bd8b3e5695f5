// Any bytes as a safetensors file: refused, or every tensor lies within the bytes.
#include <cstdlib>
#include <span>

#include "safetensors/safetensors.h"
#include "vgg16/error.h"
#include "vgg16/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const vgg16::SafetensorsView file = vgg16::parse_safetensors(bytes, "input");
    for (const auto& [name, tensor] : file.tensors) {
      if (tensor.bytes.data() < bytes.data() ||
          tensor.bytes.data() + tensor.bytes.size() > bytes.data() + bytes.size()) {
        std::abort();
      }
    }
    static_cast<void>(vgg16::Weights::from_safetensors(bytes, "input", {}));
  } catch (const vgg16::Error&) {
  }
  return 0;
}
