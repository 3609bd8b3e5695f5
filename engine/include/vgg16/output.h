// Outputs that must not be written, because something of somebody's would be lost.
//
//   vgg16::require_replaceable("animals.model");               // no link, no folder, no device
//   vgg16::require_no_input({"animals.model"}, {"animals.h5"});
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
