// Checking whether the file of an earlier run can be continued, and which of its rows are intact.
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

/// Throws Error{kRefused}, which names the difference, unless the partial file `file` was written by a run with `plan`,
/// whose header is `header`.
void require_same_run(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan);

struct VerifiedRows {
  std::vector<int64_t> good;
  std::vector<int64_t> damaged;  ///< have a checksum, but do not match it
};
/// Reads every row that has a checksum in `file`, and compares it.
[[nodiscard]] VerifiedRows verify_rows(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan);

/// Throws Error{kRefused} unless `path` is the finished file of a run with this plan and all its rows match their
/// checksums.
void require_finished_run(const std::filesystem::path& path, const FeatureHeader& header, const FeatureFilePlan& plan);

}  // namespace vgg16
