#include "features/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "features/row.h"
#include "files/files.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

void lock_or_refuse(const PosixFile& file) {
  // The second check: its writer may have renamed or removed the file between our opening and our locking it.
  if (file.try_lock() && file.is_at_its_path()) return;
  refuse_other_run(file.name());
}

}  // namespace

void refuse_other_run(const std::string& file) {
  throw Error(ErrorCode::kIo, file + ": another run is writing this file; wait for it or choose another output");
}

std::filesystem::path partial_path_of(const std::filesystem::path& path) {
  std::filesystem::path partial = path;
  partial += ".partial";
  return partial;
}

std::filesystem::path nascent_path_of(const std::filesystem::path& path) {
  std::filesystem::path nascent = partial_path_of(path);
  nascent += ".new";
  return nascent;
}

PosixFile create_output(const std::filesystem::path& path, const FeatureHeader& header) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kNotFound,
                printable(path.native()) + " cannot be created: there is no folder " + printable(folder.native()));
  }
  // No link is followed: in a folder that others may write to, it could lead anywhere.
  PosixFile file(nascent_path_of(path), O_RDWR | O_CREAT | O_NOFOLLOW, path);
  lock_or_refuse(file);
  try {
    file.truncate(0);  // what a run that was killed here may have left
    write_header(header, file);
    file.sync();
  } catch (...) {
    unlink(file.path().c_str());
    throw;
  }
  return file;
}

PosixFile open_partial(const std::filesystem::path& path) {
  PosixFile file(partial_path_of(path), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  lock_or_refuse(file);
  return file;
}

void require_at_its_path(const PosixFile& file) {
  require(
      file.is_at_its_path(), ErrorCode::kIo,
      printable(file.path().native()) +
          " was removed or replaced by another run while this one wrote it; when no other run writes it, start again");
}

void publish(PosixFile& file, const std::filesystem::path& to, Replace replace) {
  require_at_its_path(file);
  rename_file(file.path(), to, replace);
  file.set_path(to);
  sync_parent_directory(to);
}

StoredRows::StoredRows(const PosixFile& file, const FeatureHeader& header)
    : file_(file),
      header_(header),
      marks_(static_cast<size_t>(header.rows)),
      memory_(static_cast<size_t>(header.row_bytes)) {
  file_.read_at(header_.row_crc32_offset, std::as_writable_bytes(std::span(marks_)));
}

std::optional<std::span<const std::byte>> StoredRows::read(int64_t row, int64_t label) {
  file_.read_at(header_.features_offset + row * header_.row_bytes, memory_);
  if (row_checksum(row, label, memory_) != marks_[static_cast<size_t>(row)]) return std::nullopt;
  return memory_;
}

}  // namespace vgg16
