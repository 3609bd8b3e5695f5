// Taking the rows of pictures from an earlier features file instead of computing them again.
//
//   vgg16::ReusableRows old("animals.h5", plan.recipe, plan.columns, plan.type);
//   std::vector<float> row(static_cast<size_t>(plan.columns));
//   if (old.read(plan.pictures[0], row)) std::cout << "the first picture need not be computed\n";
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "vgg16/dataset.h"
#include "vgg16/feature_file.h"
#include "vgg16/feature_table.h"

#pragma GCC visibility push(default)
namespace vgg16 {

/// The rows of a features file, found by the bytes of their pictures. The file stays open, so it may be replaced while
/// it is read. One thread at a time.
class ReusableRows {
 public:
  /// Opens `path`, a features file of this program: of a whole dataset or a shard, finished or not. Its rows must have
  /// the bits that computing them would give now, so every field of its recipe must be that of `recipe`, the program's
  /// version included, and its rows must have `columns` numbers, not stored as float16 if `type` is kF32. Otherwise
  /// throws Error{kRefused}, which names the difference. Throws Error{kNotFound, kIo, kMemory, kRefused} as
  /// open_feature_file does.
  ReusableRows(const std::filesystem::path& path, const Recipe& recipe, int64_t columns, FeatureType type);
  ~ReusableRows();
  ReusableRows(const ReusableRows&) = delete;
  ReusableRows& operator=(const ReusableRows&) = delete;

  /// Copies the row of a picture with the size and CRC-32 of `picture` to `row` (columns numbers); path and class may
  /// differ. False if the file has no such row, or only damaged ones. Two different pictures of one size have the same
  /// CRC-32 with probability 2^-32. Throws Error{kIo}.
  [[nodiscard]] bool read(const PictureFile& picture, std::span<float> row);

  /// Row numbers in the file, in the order in which read() found that their checksums do not match.
  [[nodiscard]] const std::vector<int64_t>& damaged_rows() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vgg16
#pragma GCC visibility pop
