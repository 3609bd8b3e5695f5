// Any bytes as a .npy file of features, as a file of labels, and as a table of pictures and labels.
#include <algorithm>
#include <vector>

#include "fuzz/input_file.h"
#include "support/npy_files.h"
#include "support/temp_dir.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = vgg16::as_input_file(data, size);
  vgg16::FeatureFileOptions options;
  options.needs_labels = false;
  try {
    const vgg16::FeatureTable table = vgg16::open_feature_file(path, options);
    std::vector<float> row(static_cast<size_t>(table.columns));  // the file is as large
    for (int64_t i = 0; i < std::min<int64_t>(table.rows, 100); ++i) table.read_rows(i, 1, row.data());
  } catch (const vgg16::Error&) {
  }
  static const vgg16::TempDir folder;
  const std::filesystem::path rows = folder / "rows.npy";
  if (!std::filesystem::exists(rows)) vgg16::write_test_file(rows, vgg16::npy_floats({1, 2, 3}, 1));
  options.label_files = {path};
  try {
    static_cast<void>(vgg16::open_feature_file(rows, options));
  } catch (const vgg16::Error&) {
  }
  try {
    std::vector<vgg16::LabelledPath> pictures = vgg16::read_labelled_paths(path);
    vgg16::add_labels(pictures, pictures, folder.path());
  } catch (const vgg16::Error&) {
  }
  return 0;
}
