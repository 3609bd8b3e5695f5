// Checks to make before an output is written, so that no file is lost.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace vgg16 {

/// Throws Error{kExists} if `path` is something that no output may replace: a link (wherever it leads), a folder, a
/// device or a pipe. Throws Error{kIo} if that cannot be determined.
void require_replaceable(const std::filesystem::path& path);

/// Throws Error{kInvalidArgument} if one of `outputs`, the names that will be written to, is the same file as one of
/// `inputs`, even under another name. Examines the inputs only if one of the outputs exists.
void require_no_input(const std::vector<std::filesystem::path>& outputs,
                      const std::vector<std::filesystem::path>& inputs);

}  // namespace vgg16
#pragma GCC visibility pop
