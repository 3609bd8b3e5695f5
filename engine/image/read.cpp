#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>

#include "image/walk.h"
#include "vgg16/image.h"
#include "vocabulary/descriptor.h"
#include "vocabulary/file_kind.h"

namespace vgg16 {
namespace {

// The system's message with a small first letter, as it stands after a colon or a path.
std::string words(int error) {
  std::string text = system_message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// The system would take the bytes before it for the whole name.
bool has_nul(const std::filesystem::path& path) { return path.native().find('\0') != std::string::npos; }

std::string why_not_opened(const std::filesystem::path& path, int error) {
  if (path.empty()) return "the path is empty";
  if (has_nul(path)) return "no such file: its name has a NUL byte";
  struct stat status = {};
  if (error == ENOENT && lstat(path.c_str(), &status) == 0) return "link to a missing file";
  if (error == ENOENT) return "no such file";
  if (error == ENXIO || error == ENODEV) return "not a regular file";  // a socket, or a device that does not exist
  return words(error);
}

// Opens it for reading, or sets errno. Throws Error{kIo} if the reason says nothing about the file. O_NONBLOCK: opening
// a FIFO that has no writer would block for ever. It has no effect on regular files.
Descriptor open_picture(const std::filesystem::path& path) {
  if (has_nul(path)) {
    errno = ENOENT;
    return Descriptor(-1);
  }
  int fd = -1;
  do {
    fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
    throw Error(ErrorCode::kIo, printable_path(path) + " cannot be opened: " + system_message(errno));
  }
  return Descriptor(fd);
}

// Reads `size` bytes, or fewer if the file ends; returns how many, or -1 and sets errno.
int64_t read_up_to(int fd, std::byte* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = read(fd, out + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return static_cast<int64_t>(done);
}

}  // namespace

Result<std::vector<std::byte>> read_picture(const std::filesystem::path& path) {
  const auto failed = [](std::string reason) { return Result<std::vector<std::byte>>::failure(std::move(reason)); };
  const Descriptor file = open_picture(path);
  if (file.get() < 0) return failed(why_not_opened(path, errno));

  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return failed(words(errno));
  if (S_ISDIR(status.st_mode)) return failed("is a directory");
  if (!S_ISREG(status.st_mode)) return failed("not a regular file");
  std::string reason = refused_bytes(status.st_size);
  if (!reason.empty()) return failed(std::move(reason));

  std::vector<std::byte> bytes(static_cast<size_t>(status.st_size));
  const int64_t got = read_up_to(file.get(), bytes.data(), bytes.size());
  if (got < 0) return failed("cannot be read: " + words(errno));
  // Reading one byte more detects a file that has grown since fstat.
  std::byte beyond{};
  if (got < status.st_size || read_up_to(file.get(), &beyond, 1) != 0) return failed("changed while reading");
  return bytes;
}

std::string_view picture_format_of_file(const std::filesystem::path& path) {
  const Descriptor file = open_picture(path);
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return "";
  std::array<std::byte, kFileKindBytes> start;
  const int64_t got = read_up_to(file.get(), start.data(), start.size());
  return got < 0 ? "" : picture_format(std::span(start).first(static_cast<size_t>(got)));
}

}  // namespace vgg16
