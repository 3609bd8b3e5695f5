// Features on disk: writing, resuming, merging and reading features files. They are HDF5 files that h5py and the
// scripts which this program replaces can read, and the files of those scripts can be read here.
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

#pragma GCC visibility push(default)
namespace vgg16 {

enum class FeatureType { kF32, kF16 };

/// One of several runs that divide the pictures of one dataset among them: shard `index` of `count` has the rows i of
/// the whole dataset with i mod count = index - 1.
struct Shard {
  int64_t index = 1;  ///< from 1
  int64_t count = 1;
};

/// The place of a shard's rows in the whole dataset, from which merge_feature_files puts the shards together.
struct ShardPlan {
  Shard shard;
  int64_t total_rows = 0;   ///< of the whole dataset
  std::string plan_digest;  ///< of the plan of the whole dataset: only shards with the same one belong together
  std::vector<int64_t> row_numbers;  ///< for each row of the shard, its number in the whole dataset
};

/// Everything about a features file that is known before the first row is computed. It determines the layout and every
/// byte except the rows. Only a run with the same plan can resume another.
struct FeatureFilePlan {
  int64_t columns = 0;
  FeatureType type = FeatureType::kF32;
  std::vector<std::string> label_names;
  std::vector<PictureFile> pictures;  ///< one per row, in row order; paths differ from one another
  std::vector<SkippedPicture> skipped;
  Recipe recipe;
  int64_t seed = -1;  ///< of the shuffle; -1 for sorted order
  std::optional<ShardPlan> shard;
};

/// The plan of one shard of `whole`, the plan of all pictures. Class names and skipped pictures are those of the whole;
/// a shard may have no rows. Throws Error{kInvalidArgument} unless 1 <= index <= count.
[[nodiscard]] FeatureFilePlan shard_plan(const FeatureFilePlan& whole, Shard shard);

struct FeatureWriteOptions {
  bool overwrite = false;          ///< replace `<path>.partial` at once, and `path` when the new file is complete
  bool resume = false;             ///< continue `<path>.partial`, or accept a complete `path`, of the same plan
  int64_t rows_per_commit = 1000;  ///< commit (sync to disk) after so many rows, and at most 2 seconds after a row
};

/// Writes `<path>.partial` and renames it to `path` when it is complete. The HDF5 library makes the header once; after
/// that a background thread writes rows directly at their offsets. A row is valid once its checksum is written, which
/// happens after its bytes have reached the disk, so a crash never leaves a row that is valid but wrong, and h5py can
/// open the partial file at any moment. The finished file has the same bytes for the same plan and rows, whatever the
/// order of the rows, the commits and interruptions. A lock excludes a second writer; changes by other programs are
/// detected before the renaming. Memory is bounded and does not depend on rows_per_commit. One thread at a time.
class FeatureFileWriter {
 public:
  /// Creates the file at its full size and reserves its space, so that a full disk is reported before the work. If
  /// options.resume is set and the file exists, verifies it instead: its plan must be the same, and every row is
  /// compared with its checksum. Throws Error{kExists, kIo, kMemory, kInvalidArgument}, and kRefused if the file to
  /// resume belongs to another run; the message names what differs.
  ///
  /// If an unfinished file is to be replaced, `keep` is called before and may write rows of it, which are on disk when
  /// it goes: a crash until then leaves the unfinished file as it was, and so does an exception of `keep`.
  FeatureFileWriter(std::filesystem::path path, FeatureFilePlan plan, FeatureWriteOptions options,
                    const std::function<void(FeatureFileWriter&)>& keep = {});
  /// Without finish(), commits the rows written so far and leaves the partial file; removes it if it has no row.
  ~FeatureFileWriter();
  FeatureFileWriter(const FeatureFileWriter&) = delete;
  FeatureFileWriter& operator=(const FeatureFileWriter&) = delete;

  /// Rows that remain to be written or dropped, in ascending order. Empty if `path` was complete already.
  [[nodiscard]] std::vector<int64_t> missing_rows() const;
  /// Rows of the resumed file that did not match their checksums; they are among the missing ones.
  [[nodiscard]] const std::vector<int64_t>& damaged_rows() const;
  /// Number of rows that are on disk and valid, and so survive a crash. Thread-safe.
  [[nodiscard]] int64_t committed_rows() const;
  /// A warning to show before the work, or "": if a row is dropped, finish() writes a second file of the same size, and
  /// there is no space for it.
  [[nodiscard]] const std::string& space_warning() const;
  /// The file that rows are written to.
  [[nodiscard]] const std::filesystem::path& partial_path() const;

  /// Copies row `row` (plan.columns numbers) to the queue of the background thread; blocks while the queue is full.
  /// Throws Error{kRefused} for a number that is not finite or does not fit kF16, and Error{kIo}, also if the
  /// background thread failed to write an earlier row.
  void write(int64_t row, std::span<const float> features);

  /// Picture `row` could not be decoded: the finished file lists it as skipped instead of having a row for it.
  void drop(int64_t row, std::string reason);

  /// Waits until every row written so far is committed. Thread-safe. Throws Error{kIo}.
  void commit();

  /// Waits until every row is on disk, checks the file's size and header, that every written row has a checksum, and
  /// that the last rows match theirs, rewrites the file without the dropped rows if there are any, and renames it.
  /// Throws Error{kInvalidArgument} if a row was neither written nor dropped, and Error{kNotFound} if all rows were
  /// dropped and the plan is not a shard's (the destructor then removes the partial file, unless this run resumed it).
  /// Throws Error{kIo, kExists, kRefused}; then the rows stay in the partial file.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The name under which `path` is written until it is complete.
[[nodiscard]] std::filesystem::path partial_path_of(const std::filesystem::path& path);

/// Makes, before any work, the check of `path` that FeatureFileWriter begins with. Throws Error{kExists} if it is
/// something that no output may replace (output.h), or exists and is neither to be replaced nor to be resumed;
/// Error{kIo}.
void require_free_output(const std::filesystem::path& path, const FeatureWriteOptions& options);

/// All file names that writing `path` uses: its own and temporary ones. No input may be one of them.
[[nodiscard]] std::vector<std::filesystem::path> output_names_of(const std::filesystem::path& path);

/// Where features of other programs and their labels are.
struct FeatureFileOptions {
  std::string features_name = "features";  ///< the dataset of an HDF5 file; in a group: "train/features"
  std::string labels_name = "labels";
  /// Files of labels, used instead of those in the features files: .npy, .csv (a column "label", or the only one) or
  /// text with one label a line. Several are read one after another; in all one label for each row.
  std::vector<std::filesystem::path> label_files = {};
  bool needs_labels = true;  ///< false: files without labels will do, and the table then has none
};

/// Opens features files as one table. A file may be one of this program; an HDF5 file of another one, with a dataset
/// of shape (N, D), contiguous or chunked, and one of N labels; or a .npy file of shape (N, D), in C or Fortran order,
/// with labels in a file of their own. Features may be float64, float32 or float16, and are read as float32; those of
/// this program are compared with their checksums.
///
/// Labels may have shape (N) or (N, 1), and be integers, whole numbers in floating point, bool or text. In an HDF5 file
/// with a dataset `label_names`, integers are indices into it. Otherwise the classes are the distinct labels, sorted as
/// numpy.unique does, and their names are the labels as text.
///
/// Several files must agree in columns, layer, pool, preprocessing and weights. If they are all the shards of one run,
/// their rows are in the order of that run, as in the merged file, whatever the order of `paths`.
/// Otherwise rows are in the order of `paths`. Classes are the same if their names are; if the lists differ, the table
/// has all names, sorted.
///
/// Headers are read and checked completely, rows when they are needed: never more than 64 MB of a file are
/// in memory (of compressed chunks 256 MB). Links to other files are refused.
/// Throws Error{kNotFound, kIo, kMemory, kRefused}.
[[nodiscard]] FeatureTable open_feature_files(std::span<const std::filesystem::path> paths,
                                              const FeatureFileOptions& options = {});
[[nodiscard]] FeatureTable open_feature_file(const std::filesystem::path& path, const FeatureFileOptions& options = {});

/// The pictures listed as skipped in `path`; empty for files without such a list. Throws as open_feature_file.
[[nodiscard]] std::vector<SkippedPicture> read_skipped(const std::filesystem::path& path);

struct MergeResult {
  int64_t rows = 0;
  int64_t classes = 0;
  std::vector<SkippedPicture> skipped;
};

/// Merges the shards of a run: `output` has the same bytes as the file of one run over the whole dataset. `parts` may
/// be in any order; all shards must be there, complete and of the same plan, and every row must match its checksum. If
/// an earlier merge was interrupted, it is continued. Throws Error{kNotFound, kIo, kExists, kRefused}; kRefused lists
/// the shards that are missing.
MergeResult merge_feature_files(std::span<const std::filesystem::path> parts, const std::filesystem::path& output,
                                bool overwrite);

}  // namespace vgg16
#pragma GCC visibility pop
