// Which files a dataset folder holds, before any of them is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

/// All but the candidates are in no particular order.
struct FolderListing {
  std::vector<std::string> candidates;     ///< regular .jpg, .jpeg and .png files in class folders, sorted bytewise
  std::vector<std::string> without_class;  ///< the same directly in the folder
  /// Entries with a picture's ending that are no regular files: folders, pipes, links to nothing. Their reason is the
  /// caller's to find.
  std::vector<std::string> irregular;
  std::vector<SkippedPicture> unsupported;  ///< files of other formats
  std::vector<SkippedPicture> unreadable;   ///< sub-folders that cannot be read
};

/// Walks `folder`, links to folders included; a link back to a folder that holds it is not followed, because it adds
/// nothing. Hidden names and other endings are ignored. Paths are below `folder`, with '/' between parts, bytes as the
/// system gives them. Throws Error{kNotFound, kIo} for `folder`.
[[nodiscard]] FolderListing walk_dataset_folder(const std::filesystem::path& folder);

/// Name of the folder that holds `path`, a path below the dataset folder with at least one '/'.
[[nodiscard]] std::string holding_folder(const std::string& path);

}  // namespace vgg16
