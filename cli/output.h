// Output files, looked at before the work that would be lost.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// Throws Error{kExists} where something is at `path` that may not be replaced and, with `remedy` as what to do, where
/// a file is there and `replace` is not set; Error{kNotFound, kIo} where no file can be made there; and
/// Error{kInvalidArgument} where it is one of the `inputs`, which would be lost. Changes nothing; what happens between
/// this look and the writing is found by the writer.
void require_output(const std::filesystem::path& path, std::span<const std::string> inputs, bool replace,
                    std::string_view remedy = "add --overwrite to replace it");

}  // namespace vgg16
