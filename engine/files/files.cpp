#include "files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "vocabulary/descriptor.h"

namespace vgg16 {
namespace {

[[noreturn]] void fail(ErrorCode code, const std::filesystem::path& path, const std::string& what) {
  throw Error(code, printable_path(path) + ": " + what);
}

// For the errno of the last call, which must not have been changed since.
[[noreturn]] void fail_errno(const std::filesystem::path& path, const char* what) {
  const int number = errno;
  fail(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, path,
       std::string(what) + ": " + system_message(number));
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

// O_NONBLOCK: opening a pipe would wait for a writer. Checked by fstat after opening, so that nothing can change in
// between.
PosixFile open_regular_file(const std::filesystem::path& path) {
  PosixFile file(path, O_RDONLY | O_NONBLOCK);
  const struct stat status = file.status();
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::kRefused, path, "a folder; expected a file");
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::kRefused, path, "not a regular file");
  if (status.st_size == 0) fail(ErrorCode::kRefused, path, "empty file");
  return file;
}

std::vector<std::byte> read_whole(const PosixFile& file, size_t max_bytes) {
  const auto size = static_cast<size_t>(file.status().st_size);
  if (size > max_bytes) {
    fail(ErrorCode::kRefused, file.path(),
         std::to_string(size) + " bytes, over the limit of " + std::to_string(max_bytes));
  }
  // A file that claims gigabytes but is mostly holes would make this allocate gigabytes of zeros.
  const int64_t allocated = file.allocated_bytes();
  constexpr int64_t kSmallBytes = 16 << 20;
  if (file.status().st_size > kSmallBytes && file.status().st_size / 2 > allocated) {
    fail(ErrorCode::kRefused, file.path(),
         std::to_string(size) + " bytes of which the disk holds " + std::to_string(allocated) +
             " (a sparse file, perhaps an unfinished copy); copy it again");
  }
  std::vector<std::byte> bytes(size);
  file.read_at(0, bytes);
  return bytes;
}

void require_absent(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    throw Error(ErrorCode::kExists, printable_path(path) + " already exists; add --overwrite to replace it");
  }
}

void write_file_whole(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts,
                      Replace replace) {
  std::string temporary;
  int fd = -1;
  // O_EXCL does not follow a link that someone else may have placed there. If a killed process has left a file of this
  // name, the next one is tried.
  for (int attempt = 0; fd < 0 && attempt < 100; ++attempt) {
    temporary = path.native() + "." + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".tmp";
    fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno != EEXIST) break;
  }
  Descriptor file(fd);
  if (file.get() < 0) fail_errno(path, "cannot create");
  // Removes the temporary file; unlink must not replace the errno of what has failed.
  const auto give_up = [&](const char* what) {
    const int number = errno;
    ::unlink(temporary.c_str());
    errno = number;
    fail_errno(path, what);
  };
  for (const auto part : parts) {
    if (!write_all(file.get(), part)) give_up("cannot write");
  }
  if (::fsync(file.get()) != 0) give_up("cannot write");
  // Network file systems may report a failed write only here.
  if (!file.close()) give_up("cannot write");
  try {
    rename_file(temporary, path, replace);
    // Kept if something else is at `path`: the data is complete, and the message says where it is.
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kExists) ::unlink(temporary.c_str());
    throw;
  }
  sync_parent_directory(path);
}

void sync_parent_directory(const std::filesystem::path& path) {
  const auto parent = folder_of(path);
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder (EINVAL, EROFS): nothing more can be done there.
  if (folder.get() < 0 || (::fsync(folder.get()) != 0 && errno != EINVAL && errno != EROFS)) {
    fail_errno(parent, "cannot sync");
  }
}

}  // namespace vgg16
