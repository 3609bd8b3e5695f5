// Checks an output file before the work begins, which would be lost if the file could not be written in the end.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// Throws Error{kExists} if `path` is something that may not be replaced (a link, a folder, ...), or if it is a file
/// and `replace` is false (then the message ends with `remedy`); Error{kNotFound, kIo} if no file can be created there;
/// Error{kInvalidArgument} if it is one of the `inputs`. Changes nothing. The writer checks again, because things may
/// change in between.
void require_output(const std::filesystem::path& path, std::span<const std::string> inputs, bool replace,
                    std::string_view remedy = "add --overwrite to replace it");

}  // namespace vgg16
