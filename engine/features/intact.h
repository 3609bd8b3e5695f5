// Checks that the file which this run writes was not changed by another program, which a lock does not exclude.
#pragma once

#include <cstdint>
#include <span>

#include "features/header.h"
#include "files/posix_file.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

/// Throws Error{kIo} unless `file` has the size that `header` says. Before throwing, restores size and header, so that
/// the next run can resume with the remaining rows.
void require_size(const PosixFile& file, const FeatureHeader& header);

/// Restores and throws in the same way, because row `row` does not match its checksum.
[[noreturn]] void refuse_changed_row(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan,
                                     int64_t row);

/// Restores and throws in the same way unless size and header are as they should be, each of `rows` (ascending) has a
/// checksum, and the last 256 of `rows` and all of `latest` match theirs.
void require_intact(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan,
                    std::span<const int64_t> rows, std::span<const int64_t> latest);

}  // namespace vgg16
