#include "features/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <system_error>

#include "features/row.h"
#include "files/files.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Whether users other than the owner may create files in a folder. Unknown counts as yes.
bool others_may_write_to(const std::filesystem::path& folder) {
  struct stat status {};
  return stat(folder.c_str(), &status) != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

void lock_or_refuse(const PosixFile& file) {
  // Between opening and locking, the run that wrote the file may have renamed or removed it: then the lock is on a file
  // that is no longer at this path.
  if (file.try_lock() && file.is_at_its_path()) return;
  refuse_other_run(file.name());
}

enum class Owner { kAny, kCaller };

// Throws Error{kRefused} unless the file can come from an earlier run of this user. A file that another user has put in
// its place must not be read (it could contain wrong rows) nor written (it could be a link to anything).
void require_left_by_a_run(const std::string& name, const struct stat& status, Owner owner) {
  std::string found;
  if (S_ISLNK(status.st_mode)) {
    found = "is a link";
  } else if (!S_ISREG(status.st_mode)) {
    found = "is not a regular file";
  } else if (status.st_nlink != 1) {
    found = "has further names (hard links)";
  } else if (owner == Owner::kCaller && status.st_uid != geteuid()) {
    found = "belongs to another user (" + std::to_string(status.st_uid) + ")";
  }
  require(found.empty(), ErrorCode::kRefused,
          name + " " + found + ", so it may not come from an earlier run of yours; remove it or choose another output");
}

// Opens the file of an earlier run at `path` for writing, and locks it.
PosixFile open_left(const std::filesystem::path& path, Owner owner) {
  struct stat status {};
  // Checked before opening as well, because opening a device can have effects, such as starting a watchdog timer.
  if (lstat(path.c_str(), &status) == 0) require_left_by_a_run(printable_path(path), status, owner);
  PosixFile file(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  lock_or_refuse(file);
  require_left_by_a_run(file.name(), file.status(), owner);
  return file;
}

// Creates and locks an empty file under the nascent name, after removing one that a killed run has left.
PosixFile create_nascent(const std::filesystem::path& path) {
  const std::filesystem::path nascent = nascent_path_of(path);
  std::optional<PosixFile> left;  // keeps its lock until the new file exists, so that two runs cannot both do this
  if (something_at(nascent)) {
    left = open_left(nascent, Owner::kCaller);
    remove_file(nascent);
  }
  try {
    PosixFile file(nascent, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, path);
    lock_or_refuse(file);
    return file;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kExists) refuse_other_run(printable_path(nascent));
    throw;
  }
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

std::vector<std::filesystem::path> output_names_of(const std::filesystem::path& path) {
  return {path, partial_path_of(path), nascent_path_of(path)};
}

PosixFile create_output(const std::filesystem::path& path, const FeatureHeader& header) {
  const std::filesystem::path folder = folder_of(path);
  // Checked explicitly, because open() would report a missing folder as a missing file.
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kNotFound,
                printable_path(path) + " cannot be created: there is no folder " + printable_path(folder));
  }
  PosixFile file = create_nascent(path);
  try {
    write_header(header, file);
    file.sync();
  } catch (...) {
    unlink(file.path().c_str());
    throw;
  }
  return file;
}

PosixFile open_partial(const std::filesystem::path& path) {
  return open_left(partial_path_of(path), others_may_write_to(folder_of(path)) ? Owner::kCaller : Owner::kAny);
}

void require_at_its_path(const PosixFile& file) {
  require(
      file.is_at_its_path(), ErrorCode::kIo,
      printable_path(file.path()) +
          " was removed or replaced by another run while this one wrote it; when no other run writes it, start again");
}

// rename is atomic: readers see the old file or the complete new one. The folder is synced so that the name survives a
// crash.
void publish(PosixFile& file, const std::filesystem::path& to, Replace replace) {
  require_at_its_path(file);
  rename_file(file.path(), to, replace);
  file.set_path(to);
  sync_parent_directory(to);
}

// Reads all checksums at once (4 bytes per row); rows are read when they are needed.
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
