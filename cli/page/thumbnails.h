// The pictures of a page, small, as data URIs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vgg16/feature_table.h"

namespace vgg16::page {

/// The longer side of a thumbnail, in pixels; smaller pictures keep their size.
inline constexpr int kThumbnailSide = 128;

/// The picture of a row.
using PictureOf = std::pair<const FeatureTable*, int64_t>;

struct Thumbnail {
  std::string uri;  ///< "data:image/jpeg;base64,..."; empty if there is none
  int width = 0;
  int height = 0;
  std::string reason;  ///< why there is none, in a few words
};

/// Called by one thread with how many of how many are done.
using ThumbnailProgress = std::function<void(int64_t done, int64_t total)>;

/// Reads each picture below the first of `folders` that has it as it was when its features were made, by size and
/// checksum where the table has them, and shrinks it, `threads` at a time. The tables must have paths. A path that
/// leads out of the folder is not read. Throws Error{kIo} as read_picture(), and std::bad_alloc.
[[nodiscard]] std::map<PictureOf, Thumbnail> make_thumbnails(std::span<const PictureOf> pictures,
                                                             std::span<const std::filesystem::path> folders,
                                                             int threads, const ThumbnailProgress& progress);

}  // namespace vgg16::page
