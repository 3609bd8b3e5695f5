// Whether a file that this run writes is still as it was written: a lock keeps other runs out, not other programs.
#pragma once

#include <cstdint>
#include <span>

#include "features/header.h"
#include "files/posix_file.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

/// Throws Error{kIo} unless `file` has the size that `header` gives it. It is given its size and its header again
/// before, so that the next run can go on with the rows that are left.
void require_size(const PosixFile& file, const FeatureHeader& header);

/// Throws the same for row `row`, whose bytes do not match its mark.
[[noreturn]] void refuse_changed_row(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan,
                                     int64_t row);

/// The same for size, header, the mark of each of `rows` (ascending), and the bytes of the last of them and of the
/// `latest`.
void require_intact(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan,
                    std::span<const int64_t> rows, std::span<const int64_t> latest);

}  // namespace vgg16
