// Files by descriptor: every call retried where interrupted, completed where short, and reported by name.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// The folder that `path` stands in: "." for a bare name.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& path);

/// An open file. Move-only. Errors are Error{kIo}, kNotFound for a file that is not there, or kExists for one that is
/// (O_EXCL), with the file's name.
class PosixFile {
 public:
  /// `flags` as for open(2); the descriptor is not inherited by other programs. `called` is what messages call the
  /// file, where that is not `path`.
  PosixFile(std::filesystem::path path, int flags, const std::filesystem::path& called = {});
  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;
  ~PosixFile();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// What messages call the file; printable.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The file has been renamed.
  void set_path(std::filesystem::path path);

  [[nodiscard]] struct stat status() const;
  /// What the file takes on its disk, or what lies between its holes where that is more (the disk packs); all of it
  /// where the file system does not say.
  [[nodiscard]] int64_t allocated_bytes() const;
  /// Whether path() still leads to this file.
  [[nodiscard]] bool is_at_its_path() const;

  void write_at(int64_t offset, std::span<const std::byte> bytes) const;
  /// Fills `bytes`; a file that ends before is an error.
  void read_at(int64_t offset, std::span<std::byte> bytes) const;
  void truncate(int64_t size) const;
  /// Makes the file `size` bytes long and takes the space for it now, all zeros; where the file system cannot reserve,
  /// the free space is compared. A full disk is reported with what is needed and what there is.
  void reserve(int64_t size) const;
  /// Data on the disk, and what is needed to find it again.
  void sync() const;

  /// Takes a lock that lasts as long as the open file and that no other descriptor can hold, in this process or
  /// another; false if another has it. HDF5 and h5py use locks of another kind, so they can still open the file. File
  /// systems without locks are let through.
  [[nodiscard]] bool try_lock() const;

 private:
  [[noreturn]] void fail(std::string_view what, int error) const;

  std::filesystem::path path_;
  std::string name_;
  int descriptor_ = -1;
};

/// Renames a file. With Replace::kYes an existing `to` is replaced in one step, unless it is none that may be replaced
/// (vgg16/output.h), which is Error{kExists}; with kNo, anything there is. Throws Error{kIo}.
enum class Replace { kNo, kYes };
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to, Replace replace);

/// Removes a file; one that is not there is fine. Throws Error{kIo}.
void remove_file(const std::filesystem::path& path);

/// Whether anything, a dangling link included, is at `path`. Throws Error{kIo} where that cannot be known.
[[nodiscard]] bool something_at(const std::filesystem::path& path);

/// "437 MB", for messages; powers of ten.
[[nodiscard]] std::string readable_size(int64_t size_bytes);

}  // namespace vgg16
