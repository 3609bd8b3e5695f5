#include "features/resume.h"

#include <fcntl.h>

#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "features/contents.h"
#include "features/output_file.h"
#include "features/plan.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

FeatureFileContents contents_of(const std::filesystem::path& path) { return read_contents(UntrustedH5(path)); }

// An empty difference means that the plans are equal but the bytes are not: the header is damaged.
[[noreturn]] void refuse(const std::string& name, const std::string& difference) {
  if (difference.empty()) {
    throw Error(ErrorCode::kRefused, name +
                                         " is damaged: its header is not the one that was written; add --overwrite "
                                         "without --resume to start again");
  }
  throw Error(ErrorCode::kRefused, name + " belongs to another run: " + difference +
                                       "; run as before, or add --overwrite without --resume to start again");
}

// The rows of `plan` that a finished file with `contents` lists as skipped, with their reasons.
std::map<int64_t, std::string> dropped_rows(const FeatureFileContents& contents, const FeatureFilePlan& plan) {
  std::unordered_set<std::string_view> present;
  for (const PictureFile& picture : contents.plan.pictures) present.insert(picture.path);
  std::unordered_map<std::string_view, std::string_view> reasons;
  for (const SkippedPicture& skipped : contents.plan.skipped) reasons.emplace(skipped.path, skipped.reason);
  std::map<int64_t, std::string> dropped;
  for (size_t row = 0; row < plan.pictures.size(); ++row) {
    const std::string& path = plan.pictures[row].path;
    const auto reason = reasons.find(path);
    if (!present.contains(path) && reason != reasons.end()) dropped.emplace(static_cast<int64_t>(row), reason->second);
  }
  return dropped;
}

// Every row of a finished file is read and compared, so that --resume never accepts a damaged file as complete.
void require_all_rows(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan) {
  StoredRows rows(file, header);
  for (int64_t row = 0; row < header.rows; ++row) {
    const PictureFile& picture = plan.pictures[static_cast<size_t>(row)];
    if (rows.read(row, picture.label)) continue;
    throw Error(ErrorCode::kRefused, file.name() + " is damaged: row " + std::to_string(row) + " (" +
                                         printable(picture.path) +
                                         ") does not match its checksum; add --overwrite "
                                         "without --resume to start again");
  }
}

}  // namespace

void require_same_run(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan) {
  // Equal headers mean equal plans. Only if they differ, the file is parsed to name the difference.
  if (has_header(header, file)) return;
  refuse(file.name(), plan_difference(contents_of(file.path()).plan, plan));
}

VerifiedRows verify_rows(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan) {
  VerifiedRows found;
  StoredRows rows(file, header);
  for (int64_t row = 0; row < header.rows; ++row) {
    if (!rows.is_marked(row)) continue;
    (rows.read(row, plan.pictures[static_cast<size_t>(row)].label) ? found.good : found.damaged).push_back(row);
  }
  return found;
}

void require_finished_run(const std::filesystem::path& path, const FeatureHeader& header, const FeatureFilePlan& plan) {
  const PosixFile file(path, O_RDONLY | O_NONBLOCK);
  if (has_header(header, file)) return require_all_rows(file, header, plan);

  const FeatureFileContents contents = contents_of(path);
  // A file of the old scripts at the output's place: never something to resume.
  if (!contents.ours) {
    throw Error(ErrorCode::kRefused, file.name() +
                                         " already exists and was not written by this program; add --overwrite "
                                         "to replace it");
  }
  // A finished file has no rows for pictures that could not be decoded: compare with the plan without them.
  const std::map<int64_t, std::string> dropped = dropped_rows(contents, plan);
  if (!dropped.empty()) {
    const FeatureFilePlan kept = without_rows(plan, dropped);
    const FeatureHeader kept_header = make_header(kept, file.name());
    if (has_header(kept_header, file)) return require_all_rows(file, kept_header, kept);
  }
  refuse(file.name(), plan_difference(contents.plan, plan));
}

}  // namespace vgg16
