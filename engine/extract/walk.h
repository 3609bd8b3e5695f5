// Which files a dataset folder holds, before any of them is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

/// All but the candidates are in no particular order.
struct FolderListing {
  std::vector<std::string> candidates;     ///< regular files with a picture's ending in class folders, sorted bytewise
  std::vector<std::string> without_class;  ///< the same directly in the folder
  /// Entries with a picture's ending that are neither folders nor regular files: pipes, links to nothing. Their reason
  /// is the caller's to find.
  std::vector<std::string> irregular;
  std::vector<SkippedPicture> unsupported;  ///< files of other formats
  std::vector<SkippedPicture> links;        ///< links that lead to nothing, or to a folder that is listed already
  std::vector<SkippedPicture> unlisted;     ///< as Dataset::unlisted
};

/// Walks `folder`: first all real folders, then those behind links, in the order of the links' paths, then those behind
/// links in these, and so on. What a link leads to is listed only if it has not been. So the listing does not depend on
/// the order in which the system gives a folder's entries, and takes time in proportion to their number. Hidden names,
/// systems' own folders and other endings are ignored. Paths are below `folder`, with '/' between parts, bytes as the
/// system gives them. Throws Error{kNotFound, kIo} for `folder`.
[[nodiscard]] FolderListing walk_dataset_folder(const std::filesystem::path& folder);

/// Name of the folder that holds `path`, a path below the dataset folder with at least one '/'.
[[nodiscard]] std::string holding_folder(const std::string& path);

}  // namespace vgg16
