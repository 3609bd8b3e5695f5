// Reading a whole file, and writing a file so that it appears completely or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/posix_file.h"
#include "vgg16/error.h"

namespace vgg16 {

/// Opens a regular file of at least one byte for reading; never waits. Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] PosixFile open_regular_file(const std::filesystem::path& path);

/// All bytes of `file`, copied rather than mapped: if a mapped file is truncated while it is in use, reading it kills
/// the program (SIGBUS). Throws Error{kIo}, and kRefused if it has more than `max_bytes` bytes.
[[nodiscard]] std::vector<std::byte> read_whole(const PosixFile& file, size_t max_bytes);

/// Throws Error{kExists, "<path> already exists; add --overwrite to replace it"} if something is at `path`.
void require_absent(const std::filesystem::path& path);

/// Writes `parts` one after another to a temporary file in the folder of `path`, syncs it, renames it to `path` and
/// syncs the folder. So `path` is either complete or unchanged, even after a crash. On Error{kIo} the temporary file is
/// removed. If rename_file finds something that it may not replace, throws Error{kExists}, which names the temporary
/// file; then it stays, so that the work is not lost.
void write_file_whole(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts,
                      Replace replace);

/// Syncs the folder of `path`, which makes an earlier rename survive a crash. Throws Error{kIo}.
void sync_parent_directory(const std::filesystem::path& path);

}  // namespace vgg16
