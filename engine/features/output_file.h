// Creating, locking and renaming the files that an output goes through: a.h5.partial.new, a.h5.partial, a.h5.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/header.h"
#include "files/posix_file.h"

namespace vgg16 {

/// The name of a file until its header is on disk and its space is reserved. Only then it is renamed to the partial
/// file, so that a partial file can always be opened.
[[nodiscard]] std::filesystem::path nascent_path_of(const std::filesystem::path& path);

/// Creates a file under the nascent name: locked, space reserved, header on disk. Replaces one that a killed run of the
/// same user left. Throws Error{kIo} if another run is writing it, kRefused if it belongs to another user.
[[nodiscard]] PosixFile create_output(const std::filesystem::path& path, const FeatureHeader& header);

/// Throws Error{kIo} saying that another run is writing `file`, an escaped name.
[[noreturn]] void refuse_other_run(const std::string& file);

/// Opens the partial file for writing and locks it. Throws Error{kIo} if another run is writing it, kRefused unless it
/// is a regular file with a single hard link and, in a folder that others may write to, owned by the user.
[[nodiscard]] PosixFile open_partial(const std::filesystem::path& path);

/// Throws Error{kIo} unless `file` is still at its path: otherwise a rename or removal would hit another run's file.
void require_at_its_path(const PosixFile& file);

/// Renames `file` to `to` and syncs the folder. Throws Error{kIo, kExists}.
void publish(PosixFile& file, const std::filesystem::path& to, Replace replace);

/// Reads the rows of a file that is being written. `file` and `header` must outlive it.
class StoredRows {
 public:
  StoredRows(const PosixFile& file, const FeatureHeader& header);
  /// Whether the file has a checksum for the row, which says that the row was committed.
  [[nodiscard]] bool is_marked(int64_t row) const { return marks_[static_cast<size_t>(row)] != 0; }
  /// The bytes of the row, valid until the next call; nullopt if they do not match its checksum.
  [[nodiscard]] std::optional<std::span<const std::byte>> read(int64_t row, int64_t label);

 private:
  const PosixFile& file_;
  const FeatureHeader& header_;
  std::vector<uint32_t> marks_;
  std::vector<std::byte> memory_;
};

}  // namespace vgg16
