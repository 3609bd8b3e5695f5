// Any bytes as a weights file: refused, or read.
#include "fuzz/input_file.h"
#include "vgg16/error.h"
#include "vgg16/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    static_cast<void>(vgg16::Weights::load(vgg16::as_input_file(data, size)));
  } catch (const vgg16::Error&) {
  }
  return 0;
}
