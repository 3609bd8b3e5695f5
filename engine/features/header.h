// The bytes of a features file that do not depend on its rows, and the offsets of the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "files/posix_file.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

inline constexpr int64_t kFeatureFormatVersion = 1;

/// The layout of one file, made by HDF5 with contiguous datasets that are allocated at once. After that, rows and
/// checksums are written at these offsets without HDF5.
struct FeatureHeader {
  int64_t rows = 0;
  int64_t row_bytes = 0;
  int64_t features_offset = 0;   ///< rows * row_bytes bytes
  int64_t row_crc32_offset = 0;  ///< rows * 4 bytes, zero in a new file
  int64_t file_size = 0;
  std::vector<std::byte> before;  ///< the file's bytes before the features
  std::vector<std::byte> after;   ///< the file's bytes after the features
};

/// Bytes of one number as stored.
[[nodiscard]] constexpr int64_t stored_size(FeatureType type) { return type == FeatureType::kF16 ? 2 : 4; }

/// Makes the header of a plan: the same bytes for the same plan on every machine. Messages call the file `name`.
/// Throws Error{kIo, kMemory, kInvalidArgument}.
[[nodiscard]] FeatureHeader make_header(const FeatureFilePlan& plan, const std::string& name);

/// Reserves the space for the whole file and writes the header. `file` must be empty. Throws Error{kIo}.
void write_header(const FeatureHeader& header, const PosixFile& file);

/// Whether `file` has the size and, except for the row checksums, the bytes that `header` says.
[[nodiscard]] bool has_header(const FeatureHeader& header, const PosixFile& file);

}  // namespace vgg16
