// Small feature tables for tests, from a seed: the same numbers on every machine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "vgg16/feature_table.h"

namespace vgg16 {

/// A number in [0, 1) from 53 bits of the generator; std::uniform_real_distribution differs between libraries.
inline double next_uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11U) * 0x1p-53; }

/// A table over values (rows, columns) in memory.
inline FeatureTable table_of(std::vector<float> values, int64_t columns, std::vector<int64_t> labels,
                             std::vector<std::string> label_names) {
  FeatureTable table;
  table.rows = static_cast<int64_t>(labels.size());
  table.columns = columns;
  table.labels = std::move(labels);
  table.label_names = std::move(label_names);
  for (int64_t r = 0; r < table.rows; ++r) table.paths.push_back("class/" + std::to_string(r) + ".jpg");
  table.recipe = {.layer = "block5_pool",
                  .pool = "none",
                  .preprocessing = "keras-nearest-224-bgr-mean",
                  .weights_sha256 = std::string(64, 'a'),
                  .backend = "cpu",
                  .precision = "f32",
                  .instruction_set = "avx2",
                  .program_version = "0.1.0"};
  table.name = "test.h5";
  auto shared = std::make_shared<const std::vector<float>>(std::move(values));
  table.read_rows = [shared, columns](int64_t first, int64_t count, float* out) {
    std::copy_n(shared->data() + first * columns, count * columns, out);
  };
  return table;
}

struct SparseClasses {
  int64_t rows = 120;
  int64_t columns = 700;
  int classes = 3;
  double zeros = 0.88;      ///< share of zeros, as after a ReLU and pooling
  double separation = 1.0;  ///< how much likelier a class's own columns are to be active
  uint64_t seed = 1;
  bool in_turn = false;  ///< labels are 0, 1, 2, ... and from 0 again, not drawn
};

/// Sparse non-negative rows in random class order; each class favours some columns. Rank below rows + 1.
inline FeatureTable sparse_classes(const SparseClasses& s) {
  std::mt19937_64 random(s.seed);
  std::vector<float> values(static_cast<size_t>(s.rows * s.columns), 0.0F);
  std::vector<int64_t> labels;
  std::vector<std::string> names;
  for (int c = 0; c < s.classes; ++c) names.push_back("class_" + std::to_string(c));
  for (int64_t r = 0; r < s.rows; ++r) {
    const auto label =
        static_cast<int64_t>((s.in_turn ? static_cast<uint64_t>(r) : random()) % static_cast<uint64_t>(s.classes));
    labels.push_back(label);
    for (int64_t d = 0; d < s.columns; ++d) {
      const bool own = (d * 7919 + 13) % s.classes == label;
      const double active = (1 - s.zeros) * (own ? 1 + s.separation : 1 - s.separation / 2);
      const double strength = next_uniform(random);
      if (next_uniform(random) < active)
        values[static_cast<size_t>(r * s.columns + d)] = static_cast<float>(20 * strength);
    }
  }
  return table_of(std::move(values), s.columns, std::move(labels), std::move(names));
}

}  // namespace vgg16
