// Reading the files of a dataset folder, several at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

struct CheckedPicture {
  int64_t size_bytes = 0;
  uint32_t crc32 = 0;
  std::string reason;  ///< why it cannot be used, or empty
};

/// Reads each of `paths`, relative to `folder`, once, for its kind, size and checksum, `threads` at a time. Result i
/// belongs to path i. Throws Error{kIo} as read_picture().
[[nodiscard]] std::vector<CheckedPicture> check_pictures(const std::filesystem::path& folder,
                                                         std::span<const std::string> paths, int threads);

/// Those of `paths`, files whose names do not end like a picture's, that are pictures by their first bytes, in the same
/// order: of a format that cannot be read, or a JPEG or PNG with another name. Nothing but these bytes is read, once; a
/// file that cannot be read is none of them. Throws Error{kIo} as read_picture().
[[nodiscard]] std::vector<SkippedPicture> find_pictures_by_content(const std::filesystem::path& folder,
                                                                   std::span<const std::string> paths, int threads);

}  // namespace vgg16
