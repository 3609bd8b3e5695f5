// System calls on files. Every call is retried if a signal interrupts it and continued if it transfers only a part, and
// its failure becomes an Error with the file's name.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// The folder that contains `path`: "." for a name without a folder.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& path);

/// An open file. Move-only. Members throw Error{kIo}, read_at also kRefused; the constructor also kNotFound for a
/// missing file and kExists for an existing one (O_EXCL).
class PosixFile {
 public:
  /// `flags` as for open(2); O_CLOEXEC is added. `called` is the name for messages, if it differs from `path`.
  PosixFile(std::filesystem::path path, int flags, const std::filesystem::path& called = {});
  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;
  ~PosixFile();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The name for messages, already escaped by printable().
  [[nodiscard]] const std::string& name() const { return name_; }
  /// To be called after the file has been renamed.
  void set_path(std::filesystem::path path);

  [[nodiscard]] struct stat status() const;
  /// Bytes that the file occupies on disk, or the size of its data without holes if that is larger (a file system that
  /// compresses). The whole size if the file system does not report holes.
  [[nodiscard]] int64_t allocated_bytes() const;
  /// Whether path() still leads to this file.
  [[nodiscard]] bool is_at_its_path() const;

  void write_at(int64_t offset, std::span<const std::byte> bytes) const;
  /// Fills `bytes`. Throws Error{kRefused} if the file ends earlier.
  void read_at(int64_t offset, std::span<std::byte> bytes) const;
  void truncate(int64_t size) const;
  /// Makes the file `size` bytes long, all zeros, and reserves its space on disk. If the file system cannot reserve
  /// space, only compares with the free space. If there is not enough, the message says how much is needed and how much
  /// is free.
  void reserve(int64_t size) const;
  /// The bytes free on the file's disk for unprivileged users, or -1 if unknown.
  [[nodiscard]] int64_t free_bytes() const;
  /// Waits until data and size are on disk (fdatasync).
  void sync() const;

  /// Takes an exclusive lock that lasts until the file is closed; false if another descriptor, in this process or
  /// another, has it. It is an "open file description lock", while HDF5 and h5py use flock, so they can still open the
  /// file. True, without a lock, on file systems that have no locks.
  [[nodiscard]] bool try_lock() const;

 private:
  [[noreturn]] void fail(std::string_view what, int error) const;

  std::filesystem::path path_;
  std::string name_;
  int descriptor_ = -1;
};

/// Renames a file. With Replace::kYes an existing file `to` is replaced atomically; throws Error{kExists} if `to` is
/// something that must not be replaced (vgg16/output.h). With kNo, throws Error{kExists} if anything is at `to`. Throws
/// Error{kIo}.
enum class Replace { kNo, kYes };
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to, Replace replace);

/// Removes a file if it exists. Throws Error{kIo}.
void remove_file(const std::filesystem::path& path);

/// Whether anything, even a link to nothing, is at `path`. Throws Error{kIo} if that cannot be determined.
[[nodiscard]] bool something_at(const std::filesystem::path& path);

/// A size for messages, such as "437 MB"; units are powers of 1000.
[[nodiscard]] std::string readable_size(int64_t size_bytes);

}  // namespace vgg16
