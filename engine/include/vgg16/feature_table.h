// Labelled rows of features, wherever they are stored: the interface between features files and training.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace vgg16 {

/// How rows were computed. Rows may be compared only if layer, pool, preprocessing and weights agree. The other fields
/// are compared only where a run is continued, rows are reused or shards are merged. An empty string means "not
/// recorded", as in the files of the scripts that this program replaces.
struct Recipe {
  std::string layer;
  std::string pool;
  std::string preprocessing;
  std::string weights_sha256;
  std::string backend;
  std::string precision;
  std::string instruction_set;
  std::string program_version;
};

/// The recipe's fields in order, each under the name that it has in features files and in `vgg16 info`: {"layer",
/// "block5_pool"}, ... The views are into `recipe`.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> recipe_fields(const Recipe& recipe);

/// Of these, the first ones, up to the weights, must agree where rows are used together.
inline constexpr size_t kComparedRecipeFields = 4;

/// What tells apart the files of pictures.
struct FileContent {
  int64_t size_bytes = 0;
  uint32_t crc32 = 0;  ///< zlib's CRC-32 of its bytes
  friend auto operator<=>(const FileContent&, const FileContent&) = default;
};

[[nodiscard]] FileContent content_of(std::span<const std::byte> bytes);

/// N labelled rows of D float32 numbers. Copies share the source of the rows, which is open as long as one of them
/// exists.
struct FeatureTable {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<int64_t> labels;           ///< rows values, each an index into label_names
  std::vector<std::string> label_names;  ///< K class names, UTF-8
  std::vector<std::string> paths;        ///< rows values: the picture of each row; empty if the file has no paths
  std::vector<FileContent> files;        ///< rows values: the picture's file; empty if that was not recorded
  Recipe recipe;
  std::string name;  ///< the file's name for messages

  /// Copies rows [first, first + count) to out, (count, columns) row-major. Thread-safe.
  /// Throws Error{kIo, kRefused}. Does not check that the numbers are finite; the caller must.
  std::function<void(int64_t first, int64_t count, float* out)> read_rows;
};

}  // namespace vgg16
#pragma GCC visibility pop
