// Files that are read whole and written whole.
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

/// All bytes of `file`, in memory of their own: a mapped file that is cut short while it is in use ends the program.
/// Throws Error{kIo}, and kRefused for more than `max_bytes` bytes.
[[nodiscard]] std::vector<std::byte> read_whole(const PosixFile& file, size_t max_bytes);

/// Throws Error{kExists, "<path> already exists; add --overwrite to replace it"} if something is at `path`.
void require_absent(const std::filesystem::path& path);

/// Writes `parts` one after the other to a temporary file beside `path`, syncs it, renames it to `path` and syncs the
/// folder: `path` is whole or untouched whatever happens. Throws Error{kIo}; the temporary file is removed.
/// Where rename_file finds something that it may not replace, that is Error{kExists}, which names the temporary file:
/// it stays.
void write_file_whole(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts,
                      Replace replace);

/// Makes a rename in `path`'s folder durable. Throws Error{kIo}.
void sync_parent_directory(const std::filesystem::path& path);

}  // namespace vgg16
