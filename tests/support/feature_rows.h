// Small features files for tests: plans, rows, and the bytes that come of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "vgg16/feature_file.h"

namespace vgg16 {

/// A plan of `rows` pictures in three classes, with two skipped ones and names that are not ASCII.
inline FeatureFilePlan test_plan(int64_t rows, int64_t columns, FeatureType type = FeatureType::kF32) {
  FeatureFilePlan plan;
  plan.columns = columns;
  plan.type = type;
  plan.label_names = {"cats", "dogs", "p\xC3\xA2nd\xC3\xA2"};
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t label = (row * 7 + 1) % 3;
    plan.pictures.push_back({.path = plan.label_names[static_cast<size_t>(label)] + "/" + std::to_string(row) + ".jpg",
                             .label = label,
                             .size_bytes = 1000 + row,
                             .crc32 = static_cast<uint32_t>(row * 2654435761U)});
  }
  plan.skipped = {{"cats/empty.jpg", "empty file"}, {"dogs/moving.gif", "GIF is not supported"}};
  plan.recipe = {.layer = "block5_pool",
                 .pool = "none",
                 .preprocessing = "keras-nearest-224-bgr-mean",
                 .weights_sha256 = std::string(64, 'a'),
                 .backend = "cpu",
                 .precision = "f32",
                 .instruction_set = "avx2",
                 .program_version = "0.1.0"};
  plan.seed = 42;
  return plan;
}

/// The features of picture `number`: multiples of 1/8 that half precision holds exactly, and some zeros.
inline std::vector<float> test_row(int64_t number, int64_t columns) {
  std::vector<float> row(static_cast<size_t>(columns));
  auto state = static_cast<uint32_t>(number) * 747796405U + 1U;
  for (float& value : row) {
    state = state * 1664525U + 1013904223U;
    value = (state >> 30U) == 0 ? 0.0F : static_cast<float>(state >> 22U) / 8.0F;
  }
  return row;
}

/// Writes all rows of `plan` to `path` and finishes it. Rows of a shard are those of the whole.
inline void write_test_file_of(const std::filesystem::path& path, const FeatureFilePlan& plan,
                               FeatureWriteOptions options = {}) {
  FeatureFileWriter writer(path, plan, options);
  for (const int64_t row : writer.missing_rows()) {
    const int64_t number = plan.shard ? plan.shard->row_numbers[static_cast<size_t>(row)] : row;
    writer.write(row, test_row(number, plan.columns));
  }
  writer.finish();
}

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Names in `folder`, sorted, separated by blanks.
inline std::string names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
  return all;
}

}  // namespace vgg16
