// Features as learning sees them: rows by number, wherever they are stored.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vgg16 {

/// What made a row: two rows may be compared only if layer, pool, preprocessing and weights agree. Empty strings mean
/// "not recorded", as in the files of the scripts that this program replaces.
struct Recipe {
  std::string layer;
  std::string pool;
  std::string preprocessing;
  std::string weights_sha256;
  std::string backend;          ///< recorded, never compared
  std::string precision;        ///< recorded, never compared
  std::string instruction_set;  ///< recorded, never compared
  std::string program_version;  ///< recorded, never compared
};

/// N labelled rows of D float32 numbers. A value; copies share the source of the rows.
struct FeatureTable {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<int64_t> labels;           ///< rows values, each an index into label_names
  std::vector<std::string> label_names;  ///< K class names, UTF-8
  std::vector<std::string> paths;        ///< rows values, or none where the file has no paths
  Recipe recipe;
  std::string name;  ///< the file, as messages should call it

  /// Copies rows [first, first + count) to out, (count, columns) row-major. Thread-safe.
  /// Throws Error{kIo, kRefused}; a row that is not finite is the reader's to find, not the source's.
  std::function<void(int64_t first, int64_t count, float* out)> read_rows;
};

}  // namespace vgg16
