// Listing the files of a dataset folder by name and type, without opening any of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

/// Only `candidates` is sorted.
struct FolderListing {
  std::vector<std::string> candidates;     ///< regular files in class folders that end like pictures, sorted bytewise
  std::vector<std::string> without_class;  ///< the same directly in the folder
  /// Entries that end like pictures but are neither folders nor regular files: pipes, links to nothing. The caller
  /// finds the reason for the message by trying to read them.
  std::vector<std::string> irregular;
  std::vector<std::string> other_files;  ///< regular files that do not end like pictures, wherever they are
  std::vector<SkippedPicture> links;     ///< links to nothing, or to a folder that was listed before
  std::vector<SkippedPicture> unlisted;  ///< as Dataset::unlisted
};

/// Walks `folder`: first all real folders, then the folders behind links in the order of the links' paths, then those
/// behind links found in these, and so on. A folder behind a link is listed only if it was not listed before. So the
/// result does not depend on the order in which the system returns entries, and the time is proportional to their
/// number. Hidden names and folders that systems make are ignored. Paths are relative to `folder`, with
/// '/' between parts, bytes as the system gives them. Throws Error{kNotFound, kIo} for `folder` itself.
[[nodiscard]] FolderListing walk_dataset_folder(const std::filesystem::path& folder);

/// The name of the folder that contains `path`, a path relative to the dataset folder with at least one '/'.
[[nodiscard]] std::string holding_folder(const std::string& path);

}  // namespace vgg16
