// Outputs that must not be written, because something would be lost.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vgg16 {

/// Throws Error{kExists} where something is at `path` that no output may replace: a link, whatever it leads to, a
/// folder, a device or a pipe. Throws Error{kIo} where that cannot be known.
void require_replaceable(const std::filesystem::path& path);

/// Throws Error{kInvalidArgument} where one of `outputs`, the names that would be written to, is the file of one of
/// `inputs`, under whichever name. Inputs are looked at only where something is at an output.
void require_no_input(const std::vector<std::filesystem::path>& outputs,
                      const std::vector<std::filesystem::path>& inputs);

}  // namespace vgg16
