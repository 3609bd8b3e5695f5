// Features on disk: one HDF5 file that h5py and the scripts this program replaces can read, and theirs read here.
//
//   vgg16::FeatureFileWriter file("animals.h5", plan, {});
//   file.write(0, row);                                     // rows in any order
//   file.finish();                                          // only now does animals.h5 exist
//   vgg16::FeatureTable table = vgg16::open_feature_file("animals.h5");
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vgg16/dataset.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

enum class FeatureType { kF32, kF16 };

/// Everything that is known before the first row; it fixes the file's layout and every byte but the rows.
struct FeatureFilePlan {
  int64_t columns = 0;
  FeatureType type = FeatureType::kF32;
  std::vector<std::string> label_names;
  std::vector<PictureFile> pictures;  ///< one per row, in row order
  std::vector<SkippedPicture> skipped;
  Recipe recipe;
  int64_t seed = -1;  ///< of the shuffle, or -1 for sorted order
};

struct FeatureWriteOptions {
  bool overwrite = false;
  int64_t rows_per_commit = 1000;  ///< rows between two syncs to disk
};

/// Writes `<path>.partial` and gives it its name when it is complete. The header is written once through HDF5 and never
/// again; rows go straight to their offsets, by a thread of their own behind a bounded buffer, and each becomes valid
/// when its checksum is written, after its bytes have reached the disk. One thread at a time.
class FeatureFileWriter {
 public:
  /// Lays the whole file out and reserves its space, so that a full disk is reported now.
  /// Throws Error{kExists, kIo, kMemory}.
  FeatureFileWriter(std::filesystem::path path, FeatureFilePlan plan, FeatureWriteOptions options);
  /// Without finish(), the partial file is removed.
  ~FeatureFileWriter();
  FeatureFileWriter(const FeatureFileWriter&) = delete;
  FeatureFileWriter& operator=(const FeatureFileWriter&) = delete;

  /// Queues row `row` (plan.columns numbers, copied); blocks while the buffer is full. A number that is not finite, or
  /// does not fit kF16, is refused. Throws Error{kIo, kRefused}, also for what went wrong behind an earlier call.
  void write(int64_t row, std::span<const float> features);

  /// Picture `row` turned out to be unusable: it will not be a row of the finished file, but one of its `skipped`.
  void drop(int64_t row, std::string reason);

  /// Waits until every row is on disk, rewrites the file without dropped rows if there are any, and renames it.
  /// Every row must have been written or dropped, and at least one written. Throws Error{kIo, kRefused}.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Opens a features file, this program's or one with just `features`, `labels` and `label_names` as the old scripts wrote
/// (float64, float32 or float16; contiguous or chunked). The shapes, types and ranges of everything are checked, and no
/// part of the file may live in another file. Rows are read as float32, and checked against their checksums where the
/// file has them. Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] FeatureTable open_feature_file(const std::filesystem::path& path);

/// The pictures listed as skipped in `path`; none for files without such a list. Throws as open_feature_file.
[[nodiscard]] std::vector<SkippedPicture> read_skipped(const std::filesystem::path& path);

}  // namespace vgg16
