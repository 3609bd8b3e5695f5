// Any bytes as a model file: refused, or a classifier that predicts.
#include <span>
#include <vector>

#include "learn/model_file.h"
#include "vgg16/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const vgg16::Classifier classifier = vgg16::parse_model({reinterpret_cast<const std::byte*>(data), size}, "input");
    const std::vector<float> row(static_cast<size_t>(classifier.columns), 1.0F);
    static_cast<void>(classifier.predict_probabilities(row));
  } catch (const vgg16::Error&) {
  }
  return 0;
}
