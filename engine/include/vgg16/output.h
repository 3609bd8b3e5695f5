// Checks to make before an output is written, so that no file is lost; writing it whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
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

struct OutputOptions {
  bool overwrite = false;
};

/// Writes `content` so that the file at `path` is either complete or as it was before, even after a crash. Throws
/// Error{kExists} if something is there that is not a regular file or, without `overwrite`, anything; Error{kIo}.
void write_output(const std::filesystem::path& path, std::span<const std::byte> content, OutputOptions options);

}  // namespace vgg16
#pragma GCC visibility pop
