// --files-from and --labels of extract: the pictures of a list, or of a table, instead of all in a folder.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

struct PictureListOptions {
  std::string files_from;         ///< a file, or "-" for standard input; empty: no list
  bool separated_by_nul = false;  ///< without this, the first line end or NUL decides
  std::string labels;             ///< a CSV file; empty: none
};

/// Adds --files-from and -0. With a list, the option `dataset`, if any, is not required.
void add_files_from(CLI::App& app, PictureListOptions& options, CLI::Option* dataset);

/// The pictures that the options name, or nothing if they name no list and no table. A line of the list is a path below
/// `folder`, or an absolute one, and behind the last tab, if it has one, its label; empty lines are left out. Pictures
/// without a label get that of the table. Without a list, the pictures are those of the table. Waits for standard
/// input. Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] std::optional<std::vector<LabelledPath>> read_picture_list(const PictureListOptions& options,
                                                                         const std::filesystem::path& folder);

}  // namespace vgg16
