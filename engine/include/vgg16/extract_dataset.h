// Extracting the features of a folder of labelled pictures into a features file, in one call.
//
//   auto weights = vgg16::Weights::load("vgg16.safetensors");
//   vgg16::ExtractDatasetResult result = vgg16::extract_dataset(weights, "animals", "animals.h5", {});
//   std::cout << result.table.rows << " rows, " << result.skipped.size() << " pictures skipped\n";
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vgg16/dataset.h"
#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"
#include "vgg16/feature_table.h"
#include "vgg16/weights.h"

#pragma GCC visibility push(default)
namespace vgg16 {

struct ExtractDatasetOptions {
  ExtractorOptions network = {};          ///< as many threads also read the pictures when the folder is listed
  std::optional<uint64_t> seed = 42;      ///< of the shuffle, at most INT64_MAX; none: rows sorted by path
  Unlisted unlisted = Unlisted::kRefuse;  ///< what to do about folders that cannot be listed
  /// These pictures instead of all below the folder, which then need not be one of class folders (dataset.h).
  std::optional<std::vector<LabelledPath>> pictures = {};
  FeatureType type = FeatureType::kF32;  ///< of the stored numbers
  std::optional<Shard> shard = {};       ///< compute only the rows of this shard
  FeatureWriteOptions file = {};         ///< whether to overwrite or resume, and rows per commit
  /// A features file that has rows of some of these pictures already: they are copied (reusable_rows.h), the others
  /// computed. May be `output` itself if file.overwrite is set. Empty: all are computed.
  std::filesystem::path reuse = {};
  /// Bring `output` up to date: a file that is there, finished or not, is used as with file.resume if nothing has
  /// changed; if pictures, labels or the order have, its rows are copied as with `reuse`, and it is replaced when the
  /// new one is complete. One whose rows cannot be copied is refused, or replaced if file.overwrite is set.
  bool update = false;
  bool plan_only = false;  ///< end after callbacks.planned and the warnings about the folder; nothing is written
};

/// Called from the thread that called extract_dataset; each may be empty. An exception from one of them ends the call.
struct ExtractDatasetCallbacks {
  /// The folder or list has been read. Nothing has been checked or written yet.
  std::function<void(const Dataset& dataset)> listed;
  /// The plan of the file is made. The file is about to be created, or opened to resume.
  std::function<void(const FeatureFilePlan& plan)> planned;
  /// A problem that does not stop the run, in one line, before the first row is computed: a class is drawn from several
  /// folders, lies inside another one or has fewer pictures than train has folds by default; the same picture is in two
  /// classes, or twice in options.pictures; rows of a resumed file or of one to copy from are damaged and are computed
  /// again; the disk may become full.
  std::function<void(const std::string& line)> warning;
  /// Rows are computed from now on. `commit` waits until every row computed so far is on disk; it may be copied, and
  /// called from any thread at any time. After extract_dataset has ended it does nothing; a call that is in progress
  /// then keeps the file locked until it returns. It throws Error{kIo}.
  std::function<void(const std::function<void()>& commit)> computing;
  /// After every batch, before `progress`: how the time since the first row was spent.
  std::function<void(const ExtractTimes& so_far)> times;
  /// Before the first row and after every batch: how many rows are on disk, of how many that the file will have.
  std::function<void(int64_t committed_rows, int64_t total_rows)> progress;
  /// All rows are computed, or `stop` was seen. After this call `stop` is looked at for the last time: if it is not
  /// set, the file is completed. Also called when an error ends the computation; it must not throw.
  std::function<void()> computed;
  /// When it becomes true while rows are computed, the rows so far are committed and the call returns.
  const std::atomic<bool>* stop = nullptr;
};

struct ExtractDatasetResult {
  int64_t found_pictures = 0;           ///< in the folder or list, usable or not
  int64_t planned_rows = 0;             ///< pictures (of the shard) that were usable when the folder was listed
  int64_t reused_rows = 0;              ///< copied from another file, or an older one, in this call
  int64_t computed_rows = 0;            ///< in this call, not in earlier ones that it resumed
  ExtractTimes times;                   ///< of this call
  bool finished = false;                ///< false: stopped; call again with options.file.resume
  int64_t committed_rows = 0;           ///< if stopped: rows on disk, those of earlier calls included
  FeatureTable table;                   ///< if finished: the file, open
  std::vector<SkippedPicture> skipped;  ///< if finished: the pictures that the file lists as skipped
};

/// Lists the pictures below `folder` (dataset.h), computes their rows (extractor.h) and writes them with labels and
/// paths to `output`, which appears when it is complete (feature_file.h). A picture that cannot be used becomes one of
/// `skipped` instead of a row. A call that was stopped or failed can be resumed with the same arguments; the file gets
/// the same bytes as without the interruption. Blocks. Rows are not kept in memory; a picture takes a few hundred
/// bytes for its path and label.
/// Throws Error{kInvalidArgument} for the options, and if `output` or one of its temporary names is a picture of the
/// folder, which would be lost, or if options.reuse is the partial file of `output`; Error{kNotFound} if no picture is
/// usable; and what Extractor, ReusableRows, list_dataset and FeatureFileWriter throw. Rows computed before an error
/// are committed.
ExtractDatasetResult extract_dataset(std::shared_ptr<const Weights> weights, const std::filesystem::path& folder,
                                     const std::filesystem::path& output, const ExtractDatasetOptions& options,
                                     const ExtractDatasetCallbacks& callbacks = {});

}  // namespace vgg16
#pragma GCC visibility pop
