#include "vgg16/extract_dataset.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "flows/dataset_warnings.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"
#include "vgg16/names.h"
#include "vgg16/output.h"
#include "vgg16/preprocess.h"
#include "vgg16/reusable_rows.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

void require_pictures(const Dataset& dataset, bool is_list) {
  if (!dataset.pictures.empty()) return;
  const std::string name = printable_path(dataset.folder);
  if (is_list) {
    require(!dataset.skipped.empty(), ErrorCode::kNotFound, "the list of pictures is empty");
    throw Error(ErrorCode::kNotFound, "no usable picture among the " + std::to_string(dataset.skipped.size()) +
                                          " of the list; the first, " + printable(dataset.skipped[0].path) +
                                          ", looked for in " + name + ": " + dataset.skipped[0].reason);
  }
  if (dataset.skipped.empty()) {
    throw Error(ErrorCode::kNotFound,
                name + ": no JPEG or PNG files in folders below it; expected one folder per class");
  }
  throw Error(ErrorCode::kNotFound, name + ": no usable picture among " + std::to_string(dataset.skipped.size()) +
                                        "; the first, " + printable(dataset.skipped[0].path) + ": " +
                                        dataset.skipped[0].reason);
}

// Throws Error{kInvalidArgument} if the output, or a name that it has while it is written, is a picture of the dataset.
void require_no_picture(const fs::path& output, const Dataset& dataset) {
  std::vector<fs::path> files;
  files.reserve(dataset.pictures.size() + dataset.skipped.size());
  for (const PictureFile& picture : dataset.pictures) files.push_back(dataset.folder / unescape_name(picture.path));
  for (const SkippedPicture& picture : dataset.skipped) files.push_back(dataset.folder / unescape_name(picture.path));
  require_no_input(output_names_of(output), files);
}

Recipe make_recipe(const ExtractorOptions& network, const Extractor& extractor, const Weights& weights) {
  return {.layer = network.layer,
          .pool = std::string(pool_name(network.pool)),
          .preprocessing = std::string(kPreprocessing),
          .weights_sha256 = weights.sha256(),
          .backend = std::string(extractor.backend()),
          .precision = network.precision,
          .instruction_set = std::string(extractor.instruction_set()),
          .program_version = std::string(build_info().version)};
}

FeatureFilePlan make_plan(const ExtractDatasetOptions& options, int64_t columns, const Recipe& recipe,
                          Dataset dataset) {
  FeatureFilePlan plan;
  plan.columns = columns;
  plan.type = options.type;
  plan.label_names = std::move(dataset.label_names);
  plan.pictures = std::move(dataset.pictures);
  plan.skipped = std::move(dataset.skipped);
  plan.seed = options.seed ? static_cast<int64_t>(*options.seed) : -1;
  plan.recipe = recipe;
  return options.shard ? shard_plan(plan, *options.shard) : plan;
}

void warn_of_dataset(const std::vector<std::string>& lines, const ExtractDatasetCallbacks& callbacks) {
  if (callbacks.warning) std::for_each(lines.begin(), lines.end(), callbacks.warning);
}

void warn_of_file(const FeatureFileWriter& file, const ExtractDatasetCallbacks& callbacks) {
  if (!callbacks.warning) return;
  const std::vector<int64_t>& damaged = file.damaged_rows();
  if (damaged.size() == 1) {
    callbacks.warning("row " + std::to_string(damaged[0]) + " was damaged on disk; it is computed again");
  } else if (!damaged.empty()) {
    callbacks.warning(std::to_string(damaged.size()) + " rows were damaged on disk and are computed again; the first " +
                      "is row " + std::to_string(damaged[0]));
  }
  if (!file.space_warning().empty()) callbacks.warning(file.space_warning());
}

// A features file that rows are copied from.
struct OldFile {
  OldFile(const fs::path& path, const Recipe& recipe, int64_t columns, FeatureType type)
      : name(printable_path(path)), rows(path, recipe, columns, type) {}

  std::string name;
  ReusableRows rows;
};

// Those of options.reuse and options.update. To be called before the output is created.
std::vector<std::unique_ptr<OldFile>> open_old_files(const ExtractDatasetOptions& options, const fs::path& output,
                                                     const Recipe& recipe, int64_t columns,
                                                     const ExtractDatasetCallbacks& callbacks) {
  std::vector<std::unique_ptr<OldFile>> old;
  const auto open = [&](const fs::path& path, const char* remedy) {
    try {
      old.push_back(std::make_unique<OldFile>(path, recipe, columns, options.type));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kRefused) throw;
      throw Error(ErrorCode::kRefused, std::string(error.what()) + remedy);
    }
  };
  if (!options.reuse.empty()) open(options.reuse, "; extract as before, or without --reuse");
  if (!options.update) return old;
  for (const fs::path& path : {output, partial_path_of(output)}) {
    try {
      open(path, options.file.overwrite ? "" : "; extract as before, or add --overwrite to replace the file");
    } catch (const Error& error) {
      const bool is_replaced = error.code() == ErrorCode::kRefused && options.file.overwrite;
      if (error.code() != ErrorCode::kNotFound && !is_replaced) throw;
      if (is_replaced && callbacks.warning) callbacks.warning(std::string(error.what()) + "; it is replaced");
    }
  }
  return old;
}

// Copies those of the rows that `file` lacks that `old` has, and counts them in reused_rows of `result`.
void copy_reusable(OldFile& old, FeatureFileWriter& file, const FeatureFilePlan& plan, const std::atomic<bool>* stop,
                   const ExtractDatasetCallbacks& callbacks, ExtractDatasetResult& result) {
  std::vector<float> features(static_cast<size_t>(plan.columns));
  for (const int64_t row : file.missing_rows()) {
    if (stop != nullptr && *stop) break;
    if (!old.rows.read(plan.pictures[static_cast<size_t>(row)], features)) continue;
    file.write(row, features);
    ++result.reused_rows;
  }
  file.commit();
  const std::vector<int64_t>& damaged = old.rows.damaged_rows();
  if (damaged.empty() || !callbacks.warning) return;
  callbacks.warning(old.name + ": " +
                    (damaged.size() == 1 ? "1 row is" : std::to_string(damaged.size()) + " rows are") +
                    " damaged and not reused; the first is row " + std::to_string(damaged[0]));
}

// With options.update, an unfinished file of other pictures is no obstacle: `keep` copies its rows.
std::shared_ptr<FeatureFileWriter> open_output(const ExtractDatasetOptions& options, const fs::path& output,
                                               const FeatureFilePlan& plan,
                                               const std::function<void(FeatureFileWriter&)>& keep) {
  FeatureWriteOptions writing = options.file;
  if (options.update) {
    writing.overwrite = true;
    writing.resume = true;
    try {
      return std::make_shared<FeatureFileWriter>(output, plan, writing);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kRefused) throw;
    }
    writing.resume = false;
  }
  return std::make_shared<FeatureFileWriter>(output, plan, writing, keep);
}

// Computes the rows that `file` lacks, and sets times and computed_rows of `result`.
void fill(FeatureFileWriter& file, Extractor& extractor, const fs::path& folder, const FeatureFilePlan& plan,
          const ExtractDatasetCallbacks& callbacks, ExtractDatasetResult& result) {
  const std::vector<int64_t> missing = file.missing_rows();
  std::vector<PictureFile> pictures;
  pictures.reserve(missing.size());
  for (const int64_t row : missing) pictures.push_back(plan.pictures[static_cast<size_t>(row)]);
  auto total = static_cast<int64_t>(plan.pictures.size());
  // Only committed rows are reported: whatever ends the run next, they are on the disk.
  const auto report = [&] {
    if (callbacks.progress) callbacks.progress(file.committed_rows(), total);
  };
  ExtractCallbacks each;
  each.stop = callbacks.stop;
  each.row = [&](int64_t index, std::span<const float> row) {
    file.write(missing[static_cast<size_t>(index)], row);
    ++result.computed_rows;
  };
  each.skipped = [&](int64_t index, const std::string& reason) {
    file.drop(missing[static_cast<size_t>(index)], reason);
    --total;
  };
  each.batch = [&](const ExtractTimes& so_far) {
    if (callbacks.times) callbacks.times(so_far);
    report();
  };
  report();
  try {
    result.times = extractor.extract_files(folder, pictures, each);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDevice || result.computed_rows + result.reused_rows == 0) throw;
    throw Error(
        ErrorCode::kDevice,
        std::string(error.what()) + "; the rows before are kept: run the same command again, for extract with --resume",
        error.detail());
  }
}

}  // namespace

ExtractDatasetResult extract_dataset(std::shared_ptr<const Weights> weights, const fs::path& folder,
                                     const fs::path& output, const ExtractDatasetOptions& options,
                                     const ExtractDatasetCallbacks& callbacks) {
  require(options.seed.value_or(0) <= INT64_MAX, ErrorCode::kInvalidArgument,
          "seed " + std::to_string(options.seed.value_or(0)) + ", expected at most " + std::to_string(INT64_MAX));
  // What can be refused is refused before the pictures are read, which may take long.
  FeatureWriteOptions there = options.file;
  there.overwrite = there.overwrite || options.update;
  require_free_output(output, there);
  if (options.shard) static_cast<void>(shard_plan({}, *options.shard));  // throws if there is no such shard
  // The output itself may be reused: it is replaced only at the end.
  if (!options.reuse.empty()) require_no_input({partial_path_of(output)}, {options.reuse});
  Extractor extractor(weights, options.network);
  const Recipe recipe = make_recipe(options.network, extractor, *weights);
  auto old = open_old_files(options, output, recipe, extractor.columns(), callbacks);
  const int threads = options.network.threads > 0 ? options.network.threads : build_info().processors;
  Dataset dataset = options.pictures ? list_dataset(folder, *options.pictures, options.seed, threads)
                                     : list_dataset(folder, options.seed, threads, options.unlisted);
  if (callbacks.listed) callbacks.listed(dataset);
  require_pictures(dataset, options.pictures.has_value());
  require_no_picture(output, dataset);
  const std::vector<std::string> warnings = dataset_warnings(dataset);
  ExtractDatasetResult result;
  result.found_pictures = static_cast<int64_t>(dataset.pictures.size() + dataset.skipped.size());
  const FeatureFilePlan plan = make_plan(options, extractor.columns(), recipe, std::move(dataset));
  result.planned_rows = static_cast<int64_t>(plan.pictures.size());
  if (callbacks.planned) callbacks.planned(plan);
  if (options.plan_only) {
    warn_of_dataset(warnings, callbacks);
    return result;
  }

  const auto copy = [&](FeatureFileWriter& to, const std::atomic<bool>* stop) {
    for (const auto& each : old) copy_reusable(*each, to, plan, stop, callbacks, result);
    old.clear();
  };
  // All rows of an unfinished file, whatever callbacks.stop says: nothing else has them.
  const auto file = open_output(options, output, plan,
                                [&](FeatureFileWriter& to) { copy(to, options.update ? nullptr : callbacks.stop); });
  warn_of_dataset(warnings, callbacks);
  warn_of_file(*file, callbacks);
  if (callbacks.computing) {
    callbacks.computing([weak = std::weak_ptr(file)] {
      if (const auto open = weak.lock()) open->commit();
    });
  }
  try {
    copy(*file, callbacks.stop);
    fill(*file, extractor, folder, plan, callbacks, result);
  } catch (...) {
    if (callbacks.computed) callbacks.computed();
    throw;
  }
  if (callbacks.computed) callbacks.computed();
  if (callbacks.stop != nullptr && *callbacks.stop) {
    file->commit();
    result.committed_rows = file->committed_rows();
    return result;
  }
  file->finish();
  // From the finished file, not the plan: pictures that could not be decoded are not in it, and their classes may be
  // missing.
  result.finished = true;
  result.table = open_feature_file(output);
  result.skipped = read_skipped(output);
  return result;
}

}  // namespace vgg16
