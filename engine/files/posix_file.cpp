#include "files/posix_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "vgg16/error.h"
#include "vgg16/output.h"

namespace vgg16 {
namespace {

// Calls again if a signal has interrupted the system call.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// O_NOCTTY: opening a terminal must not make it the controlling one. 0666 is reduced by the umask.
int open_retrying(const std::filesystem::path& path, int flags) {
  return retry([&] { return open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0666); });
}

// The size of the data, without the holes, of a file of `size` bytes; `size` if the file system does not report holes.
// In a file with very many holes only the first kMaxParts pieces are counted, to bound the time.
int64_t data_bytes(int descriptor, int64_t size) {
  constexpr int kMaxParts = 4096;
  int64_t bytes = 0;
  int64_t at = 0;
  for (int part = 0; part < kMaxParts && at < size; ++part) {
    const int64_t begin = lseek(descriptor, at, SEEK_DATA);
    if (begin < 0) return errno == ENXIO ? bytes : bytes + size - at;
    at = lseek(descriptor, begin, SEEK_HOLE);
    if (at <= begin) at = size;  // an error: the file was truncated in the meantime, perhaps
    bytes += std::max<int64_t>(0, std::min(at, size) - begin);
  }
  return bytes;
}

}  // namespace

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

PosixFile::PosixFile(std::filesystem::path path, int flags, const std::filesystem::path& called)
    : path_(std::move(path)),
      name_(printable_path(called.empty() ? path_ : called)),
      descriptor_(open_retrying(path_, flags)) {
  if (descriptor_ >= 0) return;
  const int error = errno;
  const bool creating = (flags & O_CREAT) != 0;
  if (error == ENOENT && !creating) throw Error(ErrorCode::kNotFound, name_ + ": no such file");
  throw Error(creating && error == EEXIST ? ErrorCode::kExists : ErrorCode::kIo,
              name_ + (creating ? " cannot be created: " : " cannot be opened: ") + system_message(error));
}

PosixFile::PosixFile(PosixFile&& other) noexcept
    : path_(std::move(other.path_)), name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

PosixFile::~PosixFile() {
  if (descriptor_ >= 0) close(descriptor_);  // errors do not matter: what must be on disk was synced before
}

void PosixFile::set_path(std::filesystem::path path) {
  path_ = std::move(path);
  name_ = printable_path(path_);
}

void PosixFile::fail(std::string_view what, int error) const {
  throw Error(ErrorCode::kIo, name_ + " " + std::string(what) + ": " + system_message(error));
}

struct stat PosixFile::status() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) fail("cannot be examined", errno);
  return status;
}

int64_t PosixFile::allocated_bytes() const {
  const struct stat found = status();
  constexpr int64_t kBlockBytes = 512;  // whatever st_blksize is
  const int64_t blocks = std::clamp<int64_t>(found.st_blocks, 0, INT64_MAX / kBlockBytes);
  return std::max(blocks * kBlockBytes, data_bytes(descriptor_, found.st_size));
}

bool PosixFile::is_at_its_path() const {
  struct stat named {};
  if (lstat(path_.c_str(), &named) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    fail("cannot be examined", errno);
  }
  // The same inode on the same device: a file of the same name that another program has put there differs.
  const struct stat own = status();
  return named.st_dev == own.st_dev && named.st_ino == own.st_ino;
}

void PosixFile::write_at(int64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = retry([&] { return pwrite(descriptor_, bytes.data(), bytes.size(), offset); });
    // A write of 0 bytes would loop for ever.
    if (written <= 0) fail("cannot be written", written < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
}

void PosixFile::read_at(int64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = retry([&] { return pread(descriptor_, bytes.data(), bytes.size(), offset); });
    if (got < 0) fail("cannot be read", errno);
    if (got == 0) {
      throw Error(ErrorCode::kRefused,
                  name_ + " ends at byte " + std::to_string(offset) + " where more was expected: it was cut short");
    }
    bytes = bytes.subspan(static_cast<size_t>(got));
    offset += got;
  }
}

void PosixFile::truncate(int64_t size) const {
  if (retry([&] { return ftruncate(descriptor_, size); }) != 0) fail("cannot be resized", errno);
}

void PosixFile::reserve(int64_t size) const {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < static_cast<rlim_t>(size)) {
    // Checked first, because exceeding the limit raises a signal (SIGXFSZ) that ends the program.
    throw Error(ErrorCode::kIo, name_ + " needs " + readable_size(size) + ", the limit for one file is " +
                                    readable_size(static_cast<int64_t>(limit.rlim_cur)) + " (ulimit -f)");
  }
  // Reports how much is free now, after the attempt.
  const auto full = [&] {
    const int64_t free = free_bytes();
    throw Error(ErrorCode::kIo, name_ + " needs " + readable_size(size) + ", " +
                                    (free < 0 ? "less is" : readable_size(free) + " are") + " free in " +
                                    printable_path(folder_of(path_)) + "; free space or write elsewhere");
  };
  const int64_t free_before = free_bytes();
  // fallocate fails at once if the disk is too full, and afterwards writing inside the file cannot fail for lack of
  // space.
  if (retry([&] { return fallocate(descriptor_, 0, 0, size); }) == 0) return;
  if (errno == ENOSPC || errno == EDQUOT) full();
  if (errno != EOPNOTSUPP && errno != ENOSYS) fail("cannot be extended to its full size", errno);
  if (free_before >= 0 && free_before < size) full();
  truncate(size);
}

int64_t PosixFile::free_bytes() const {
  struct statvfs space {};
  if (fstatvfs(descriptor_, &space) != 0) return -1;
  return static_cast<int64_t>(space.f_bavail) * static_cast<int64_t>(space.f_frsize);
}

void PosixFile::sync() const {
  if (retry([&] { return fdatasync(descriptor_); }) != 0) fail("cannot be synced to disk", errno);
}

bool PosixFile::try_lock() const {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (retry([&] { return fcntl(descriptor_, F_OFD_SETLK, &lock); }) == 0) return true;
  // Held by another descriptor; the errors below mean that the file system has no locks.
  if (errno == EAGAIN || errno == EACCES) return false;
  if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL) return true;
  fail("cannot be locked", errno);
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to, Replace replace) {
  int result = 0;
  if (replace == Replace::kNo) {
    result = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
    if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {  // not supported here: check, then rename
      if (something_at(to))
        errno = EEXIST;
      else
        result = rename(from.c_str(), to.c_str());
    }
  } else {
    // Checked as late as possible, because something may have appeared at `to` during the work.
    try {
      require_replaceable(to);
    } catch (const Error& error) {
      throw Error(error.code(), std::string(error.what()) + "; the new file stays in " + printable_path(from));
    }
    result = rename(from.c_str(), to.c_str());
  }
  if (result == 0) return;
  const int error = errno;
  const std::string target = printable_path(to);
  if (error == EEXIST) {
    throw Error(ErrorCode::kExists, target + " was created by another program in the meantime; the new file stays in " +
                                        printable_path(from));
  }
  throw Error(ErrorCode::kIo, printable_path(from) + " cannot be renamed to " + target + ": " + system_message(error));
}

void remove_file(const std::filesystem::path& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    throw Error(ErrorCode::kIo, printable_path(path) + " cannot be removed: " + system_message(errno));
  }
}

bool something_at(const std::filesystem::path& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT) return false;
  throw Error(ErrorCode::kIo, printable_path(path) + " cannot be examined: " + system_message(errno));
}

std::string readable_size(int64_t size_bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(std::max<int64_t>(size_bytes, 0));
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit > 0 && value < 10 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
  return text.data();
}

}  // namespace vgg16
