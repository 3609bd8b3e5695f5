// What an earlier run has left, and whether this one may build on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "features/header.h"
#include "files/posix_file.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

/// Throws Error{kRefused}, naming what differs, unless the partial file `file` was begun by a run with this plan.
void require_same_run(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan);

struct VerifiedRows {
  std::vector<int64_t> good;
  std::vector<int64_t> damaged;  ///< marked as there, but their checksums do not match
};
/// Reads every row that `file` claims to have.
[[nodiscard]] VerifiedRows verify_rows(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan);

/// Throws Error{kRefused} unless `path` is the finished file of a run with this plan, all rows intact.
void require_finished_run(const std::filesystem::path& path, const FeatureHeader& header, const FeatureFilePlan& plan);

}  // namespace vgg16
