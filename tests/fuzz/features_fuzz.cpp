// Any bytes as a features file: refused, or read to the last row.
#include <algorithm>
#include <vector>

#include "fuzz/input_file.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = vgg16::as_input_file(data, size);
  try {
    const vgg16::FeatureTable table = vgg16::open_feature_file(path);
    static_cast<void>(vgg16::read_skipped(path));
    if (table.columns > 1'000'000) return 0;  // rows that a reader would take one at a time
    std::vector<float> row(static_cast<size_t>(table.columns));
    for (int64_t i = 0; i < std::min<int64_t>(table.rows, 100); ++i) table.read_rows(i, 1, row.data());
  } catch (const vgg16::Error&) {
  }
  return 0;
}
