#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "features/contents.h"
#include "features/plan.h"
#include "features/reader.h"
#include "features/shards.h"
#include "files/posix_file.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vgg16/output.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

// Reads the plan of a part and closes the file again.
ShardFile read_part(const std::filesystem::path& path) {
  const UntrustedH5 file(path);
  FeatureFileContents contents = read_contents(file);
  if (!contents.plan.shard) file.refuse("is not a shard; expected files written with --shard I/N");
  require_finished(contents, file.name());
  return {path, std::move(contents.plan)};
}

// Opens a part a second time to read its rows. Parts are not kept open, because there may be more than a process may
// have open files; so the file may have changed since its plan was read.
FeatureTable open_again(const ShardFile& part) {
  UntrustedH5 file(part.path);
  FeatureFileContents contents = read_contents(file);
  require_finished(contents, file.name());
  const std::string found = plan_difference(part.plan, contents.plan);
  require(
      found.empty(), ErrorCode::kRefused,
      printable_path(part.path) + " has changed while it was merged: " + found + "; merge again when no run writes it");
  return table_of(std::move(file), std::move(contents));
}

// The plan of the merged file, and the row in it of each row of each part.
struct MergePlan {
  FeatureFilePlan plan;
  std::map<const ShardFile*, std::vector<int64_t>> rows;
};

MergePlan merge_plans(const std::vector<ShardFile>& parts) {
  const auto total = static_cast<size_t>(parts.front().plan.shard->total_rows);
  MergePlan merged;
  merged.plan = parts.front().plan;
  merged.plan.shard.reset();
  merged.plan.pictures.clear();
  // Pictures by their row number in the whole run; null for pictures that a shard has dropped.
  std::vector<const PictureFile*> by_number(total, nullptr);
  std::set<std::pair<std::string, std::string>> skipped;
  for (const ShardFile& part : parts) {
    for (size_t row = 0; row < part.plan.pictures.size(); ++row) {
      by_number[static_cast<size_t>(part.plan.shard->row_numbers[row])] = &part.plan.pictures[row];
    }
    for (const SkippedPicture& picture : part.plan.skipped) skipped.emplace(picture.path, picture.reason);
  }
  std::vector<int64_t> new_row(total, -1);
  for (size_t number = 0; number < total; ++number) {
    if (by_number[number] == nullptr) continue;
    new_row[number] = static_cast<int64_t>(merged.plan.pictures.size());
    merged.plan.pictures.push_back(*by_number[number]);
  }
  for (const ShardFile& part : parts) {
    std::vector<int64_t>& rows = merged.rows[&part];
    for (const int64_t number : part.plan.shard->row_numbers) rows.push_back(new_row[static_cast<size_t>(number)]);
  }
  const std::string name = printable_path(parts.front().path);
  require(!merged.plan.pictures.empty(), ErrorCode::kNotFound, "the shards of " + name + " hold no rows at all");
  if (merged.plan.pictures.size() == total) {
    // No picture was dropped by any shard, so this must be the plan that the shards were made from.
    require(plan_digest(merged.plan) == parts.front().plan.shard->plan_digest, ErrorCode::kRefused,
            "the pictures of the parts do not fit together: the dataset has changed between their runs");
    return merged;
  }
  // Every shard lists the pictures that were skipped in the listing, and those that it dropped itself; the set has each
  // once.
  merged.plan.skipped.clear();
  for (const auto& [path, reason] : skipped) merged.plan.skipped.push_back({path, reason});
  remove_unused_classes(merged.plan);
  return merged;
}

}  // namespace

MergeResult merge_feature_files(std::span<const std::filesystem::path> parts, const std::filesystem::path& output,
                                bool overwrite) {
  const StandardFloatingPoint mode;
  require(!parts.empty(), ErrorCode::kInvalidArgument, "there are no parts to merge");
  require_no_input(output_names_of(output), {parts.begin(), parts.end()});
  require(overwrite || !something_at(output), ErrorCode::kExists,
          printable_path(output) + " already exists; add --overwrite to replace it");
  // Plans of all parts are in memory, their rows are not.
  std::vector<ShardFile> read;
  for (const std::filesystem::path& path : parts) read.push_back(read_part(path));
  require_all_shards(read);
  MergePlan merged = merge_plans(read);

  // resume: an interrupted merge continues with the rows that are missing.
  FeatureFileWriter writer(output, merged.plan, {.overwrite = overwrite, .resume = !overwrite});
  const std::vector<int64_t> missing = writer.missing_rows();
  std::vector<float> features(static_cast<size_t>(merged.plan.columns));
  for (const ShardFile& part : read) {
    const FeatureTable table = open_again(part);
    const std::vector<int64_t>& rows = merged.rows[&part];
    for (int64_t row = 0; row < table.rows; ++row) {
      if (!std::binary_search(missing.begin(), missing.end(), rows[static_cast<size_t>(row)])) continue;
      table.read_rows(row, 1, features.data());
      writer.write(rows[static_cast<size_t>(row)], features);
    }
  }
  writer.finish();
  return {.rows = static_cast<int64_t>(merged.plan.pictures.size()),
          .classes = static_cast<int64_t>(merged.plan.label_names.size()),
          .skipped = std::move(merged.plan.skipped)};
}

}  // namespace vgg16
