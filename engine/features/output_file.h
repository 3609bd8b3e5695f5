// The files of one output on their way to its name: created whole, locked, renamed.
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

/// Where a file stands until its header and its space are safe on disk; only then it becomes the partial file, so that
/// there is no moment at which the partial file cannot be opened.
[[nodiscard]] std::filesystem::path nascent_path_of(const std::filesystem::path& path);

/// A new file under the nascent name: header written, space taken, locked, on disk. What a killed run
/// of the caller's left under that name goes. Error{kIo} if another run has it, kRefused if it is somebody else's.
[[nodiscard]] PosixFile create_output(const std::filesystem::path& path, const FeatureHeader& header);

/// `file` (printable) is being written by somebody else.
[[noreturn]] void refuse_other_run(const std::string& file);

/// The partial file, open for writing and locked. Error{kIo} if another run has it, kRefused unless it is a regular
/// file under this one name and, in a folder that others may write to, the caller's own.
[[nodiscard]] PosixFile open_partial(const std::filesystem::path& path);

/// Throws Error{kIo} unless `file` is still at its path: a run must not rename or remove what is another's.
void require_at_its_path(const PosixFile& file);

/// Gives `file` the name `to`, durably. Throws as require_at_its_path.
void publish(PosixFile& file, const std::filesystem::path& to, Replace replace);

/// The rows that a file with a known header has by now. `file` and `header` must outlive it.
class StoredRows {
 public:
  StoredRows(const PosixFile& file, const FeatureHeader& header);
  /// Whether the file claims to have the row.
  [[nodiscard]] bool is_marked(int64_t row) const { return marks_[static_cast<size_t>(row)] != 0; }
  /// The row as stored, until the next call; none where it does not match its checksum.
  [[nodiscard]] std::optional<std::span<const std::byte>> read(int64_t row, int64_t label);

 private:
  const PosixFile& file_;
  const FeatureHeader& header_;
  std::vector<uint32_t> marks_;
  std::vector<std::byte> memory_;
};

}  // namespace vgg16
