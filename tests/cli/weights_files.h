// Weights files with one error each, made from the built-in weights.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/feature_rows.h"
#include "support/temp_dir.h"

namespace vgg16 {

inline std::filesystem::path default_weights() {
  return std::filesystem::path(VGG16_SOURCE_DIR) / "weights" / "vgg16-f16.safetensors";
}

/// The default weights, but the header says that the first kernel is (3, 3, 64, 3).
inline void write_wrong_shape_weights(const std::filesystem::path& path) {
  std::string bytes = read_bytes(default_weights());
  const std::string_view right = "[3,3,3,64]";
  const size_t at = bytes.find(right);
  if (at == std::string::npos) throw std::logic_error("the default weights are not laid out as expected");
  write_test_file(path, bytes.replace(at, right.size(), "[3,3,64,3]"));
}

}  // namespace vgg16
