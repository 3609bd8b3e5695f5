// The bytes of a features file that do not depend on its rows, and where the rows go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "files/posix_file.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

inline constexpr int64_t kFeatureFormatVersion = 1;

/// The layout of one file. HDF5 makes it, contiguous and allocated at once; from then on offsets are all that is
/// needed.
struct FeatureHeader {
  int64_t rows = 0;
  int64_t row_bytes = 0;
  int64_t features_offset = 0;   ///< rows * row_bytes bytes
  int64_t row_crc32_offset = 0;  ///< rows * 4 bytes, zero in a new file
  int64_t file_size = 0;
  std::vector<std::byte> before;  ///< the file's bytes up to features_offset
  std::vector<std::byte> after;   ///< the file's bytes behind the features
};

/// Bytes of one number as stored.
[[nodiscard]] constexpr int64_t stored_size(FeatureType type) { return type == FeatureType::kF16 ? 2 : 4; }

/// The same bytes for the same plan on every machine. `name` is what messages call the file.
/// Throws Error{kIo, kMemory, kInvalidArgument}.
[[nodiscard]] FeatureHeader make_header(const FeatureFilePlan& plan, const std::string& name);

/// Writes the header to `file`, an empty one, after taking the space for the whole of it.
void write_header(const FeatureHeader& header, const PosixFile& file);

/// Whether `file` begins and ends as `header` says, row checksums aside.
[[nodiscard]] bool has_header(const FeatureHeader& header, const PosixFile& file);

}  // namespace vgg16
