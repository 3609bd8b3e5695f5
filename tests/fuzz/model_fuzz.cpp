// Any bytes as a model file: refused, or a classifier that predicts. Tried unchanged, and with a correct checksum put
// in: without that, nearly every changed file would be refused for its checksum alone.
#include <span>
#include <string>
#include <vector>

#include "learn/flow/model_file.h"
#include "support/model_checksum.h"
#include "vgg16/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  for (const std::string& file : {input, vgg16::with_checksum_of_now(input)}) {
    try {
      const vgg16::Classifier classifier = vgg16::parse_model(std::as_bytes(std::span(file)), "input");
      const std::vector<float> row(static_cast<size_t>(classifier.columns), 1.0F);
      static_cast<void>(classifier.predict_probabilities(row));
    } catch (const vgg16::Error&) {
    }
  }
  return 0;
}
