// The report of a training as one HTML file, which needs nothing else: no script, no request, pictures within.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shown.h"

namespace vgg16::page {

struct PageOptions {
  std::string command;                               ///< that made the page
  std::vector<std::filesystem::path> image_folders;  ///< where the paths in the tables lead; none: no pictures
  int threads = 1;
};

struct Page {
  std::string html;
  int64_t pictures = 0;  ///< different ones that it should show
  int64_t missing = 0;   ///< of these, those of which there is only a box with the reason
};

/// Names, paths and messages are escaped. The same input gives the same bytes. Throws as make_thumbnails().
[[nodiscard]] Page make_page(const Training& training, const PageOptions& options, const ThumbnailProgress& progress);

}  // namespace vgg16::page
