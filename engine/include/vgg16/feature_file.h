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
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vgg16/dataset.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

enum class FeatureType { kF32, kF16 };

/// One of several runs that share the pictures of one dataset: part `index` of `count` has the rows i of the whole with
/// i mod count = index - 1.
struct Shard {
  int64_t index = 1;  ///< from 1
  int64_t count = 1;
};

/// Where the rows of a shard stand in the whole, so that the parts can be put together again.
struct ShardPlan {
  Shard shard;
  int64_t total_rows = 0;            ///< of the whole plan
  std::string plan_digest;           ///< of the whole plan: parts with another one do not belong together
  std::vector<int64_t> row_numbers;  ///< in the whole plan, of each row of this one
};

/// Everything that is known before the first row; it fixes the file's layout and every byte but the rows. Two runs with
/// the same plan write the same file, and only such a run can continue another.
struct FeatureFilePlan {
  int64_t columns = 0;
  FeatureType type = FeatureType::kF32;
  std::vector<std::string> label_names;
  std::vector<PictureFile> pictures;  ///< one per row, in row order; paths differ from one another
  std::vector<SkippedPicture> skipped;
  Recipe recipe;
  int64_t seed = -1;  ///< of the shuffle, or -1 for sorted order
  std::optional<ShardPlan> shard;
};

/// The plan for one shard of `whole`, which must be the plan of all pictures. Classes and skipped pictures stay those
/// of the whole; a shard may have no row at all. Throws Error{kInvalidArgument} unless 1 <= index <= count.
[[nodiscard]] FeatureFilePlan shard_plan(const FeatureFilePlan& whole, Shard shard);

struct FeatureWriteOptions {
  bool overwrite = false;          ///< replace `path` when the new file is complete, and `<path>.partial` at once
  bool resume = false;             ///< continue `<path>.partial`, or accept a complete `path`, of the same plan
  int64_t rows_per_commit = 1000;  ///< rows between two syncs to disk; there is one within 2 seconds of a row as well
};

/// Writes `<path>.partial` and gives it its name when it is complete. The header is made once by HDF5 and never touched
/// again; rows go straight to their offsets, by a thread of their own behind a bounded buffer, and each becomes valid
/// when its checksum is written, after its bytes have reached the disk. h5py can open the partial file at any moment.
/// The finished file has the same bytes for the same plan and rows, however often the run was interrupted and however
/// rows were ordered and committed. A lock keeps a second writer out; what other programs do to the partial file is
/// found before it is renamed. Memory is bounded, however many rows are committed together. One thread at a time.
class FeatureFileWriter {
 public:
  /// Lays the whole file out and reserves its space, so that a full disk is reported now. With options.resume, what is
  /// there is verified instead: the plan must be the same, every row is read and compared with its checksum.
  /// Throws Error{kExists, kIo, kMemory, kInvalidArgument}, and kRefused where there is nothing that can be resumed
  /// because it belongs to another run; the message names what differs.
  FeatureFileWriter(std::filesystem::path path, FeatureFilePlan plan, FeatureWriteOptions options);
  /// Without finish(), rows written so far are committed and the partial file stays; one without any row is removed.
  ~FeatureFileWriter();
  FeatureFileWriter(const FeatureFileWriter&) = delete;
  FeatureFileWriter& operator=(const FeatureFileWriter&) = delete;

  /// Rows that remain to be written or dropped, ascending. None where `path` was complete already.
  [[nodiscard]] std::vector<int64_t> missing_rows() const;
  /// Rows of the resumed file that did not match their checksums; they are among the missing ones.
  [[nodiscard]] const std::vector<int64_t>& damaged_rows() const;
  /// Rows that no crash can take away any more. Thread-safe.
  [[nodiscard]] int64_t committed_rows() const;
  /// What to say before the work, or "": a second file is written at the end if a row is dropped, and there is no space
  /// for it.
  [[nodiscard]] const std::string& space_warning() const;
  /// The file that rows are written to.
  [[nodiscard]] const std::filesystem::path& partial_path() const;

  /// Queues row `row` (plan.columns numbers, copied); blocks while the buffer is full. A number that is not finite, or
  /// does not fit kF16, is refused. Throws Error{kIo, kRefused}, also for what went wrong behind an earlier call.
  void write(int64_t row, std::span<const float> features);

  /// Picture `row` turned out to be unusable: it will not be a row of the finished file, but one of its `skipped`.
  void drop(int64_t row, std::string reason);

  /// Waits until every row written so far is committed. Thread-safe. Throws Error{kIo}.
  void commit();

  /// Waits until every row is on disk, rewrites the file without dropped rows if there are any, and renames it.
  /// Every row must have been written or dropped, and at least one written unless the plan is a shard's; without any,
  /// the partial file is removed. Before, the file's size, header and last rows are compared with what was written.
  /// Throws Error{kIo, kExists, kRefused}; the rows stay in the partial file.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The name under which `path` is written until it is complete.
[[nodiscard]] std::filesystem::path partial_path_of(const std::filesystem::path& path);

/// All names that writing `path` takes: its own, and those that it has until then. No input may be one of them.
[[nodiscard]] std::vector<std::filesystem::path> output_names_of(const std::filesystem::path& path);

/// Opens a features file, this program's or one with just `features`, `labels` and `label_names` as the old scripts
/// wrote (float64, float32 or float16; contiguous or chunked). The shapes, types and ranges of everything are checked,
/// and no part of the file may live in another file. Rows are read as float32, and checked against their checksums
/// where the file has them. Throws Error{kNotFound, kIo, kMemory, kRefused}.
[[nodiscard]] FeatureTable open_feature_file(const std::filesystem::path& path);

/// The pictures listed as skipped in `path`; none for files without such a list. Throws as open_feature_file.
[[nodiscard]] std::vector<SkippedPicture> read_skipped(const std::filesystem::path& path);

struct MergeResult {
  int64_t rows = 0;
  int64_t classes = 0;
  std::vector<SkippedPicture> skipped;
};

/// Puts the parts of a sharded run together: the bytes of `output` are those that one run would have written. The parts
/// may come in any order; all must be there, complete, of one plan, and every row must match its checksum. A merge that
/// was interrupted continues. Throws Error{kNotFound, kIo, kExists, kRefused}; kRefused lists the shards that are
/// missing.
MergeResult merge_feature_files(std::span<const std::filesystem::path> parts, const std::filesystem::path& output,
                                bool overwrite);

}  // namespace vgg16
