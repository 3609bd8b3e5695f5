// Reading HDF5 files that may be hostile: owned ids, links followed one at a time, no way out of the file.
//
// HDF5 can make one file read another (external links, external storage, virtual datasets), run code (filter plugins)
// and declare any size. Everything here refuses those before a byte of data is read.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vgg16 {

/// Owner of one HDF5 id of any kind.
class Hdf5Id {
 public:
  Hdf5Id() = default;
  explicit Hdf5Id(hid_t id) : id_(id) {}
  ~Hdf5Id() { reset(); }
  Hdf5Id(Hdf5Id&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Id& operator=(Hdf5Id&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, -1);
    }
    return *this;
  }
  [[nodiscard]] hid_t get() const { return id_; }
  [[nodiscard]] bool valid() const { return id_ >= 0; }
  /// Closes now; false if the library reports a failure.
  bool reset();

 private:
  hid_t id_ = -1;
};

/// Debian's HDF5 is not thread-safe: hold this for as long as any of its calls may run. Construction also silences its
/// error printing, keeps it from loading plugins and from running code at exit.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::lock_guard<std::recursive_mutex> guard_;
};

/// A file opened for reading. `name` in messages is the path, escaped. Hold an Hdf5Lock around every use.
class Hdf5File {
 public:
  /// Throws Error{kNotFound, kIo}, and kRefused for anything but a regular HDF5 file of at most `max_bytes`.
  Hdf5File(const std::filesystem::path& path, uint64_t max_bytes);
  /// The file behind an open descriptor, which the caller has examined: what was examined is what is read, whatever its
  /// name leads to by now. `name` is what messages call it, escaped already. Throws Error{kRefused}.
  Hdf5File(int descriptor, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] hid_t root() const { return file_.get(); }

  /// Names in `group`, in name order. Throws Error{kRefused} for more than 4,096 of them or one of over 1,024 bytes.
  [[nodiscard]] std::vector<std::string> children(hid_t group) const;
  /// Whether `group` has a hard link called `child` to a group. Throws Error{kRefused} for any other kind of link.
  [[nodiscard]] bool has_group(hid_t group, const std::string& child) const;
  [[nodiscard]] bool has_dataset(hid_t group, const std::string& child) const;
  [[nodiscard]] Hdf5Id open_group(hid_t group, const std::string& child) const;
  /// Opens a dataset whose data lies in this file: contiguous, compact or chunked, no external storage, at most the
  /// deflate, shuffle and fletcher32 filters. Throws Error{kRefused}.
  [[nodiscard]] Hdf5Id open_dataset(hid_t group, const std::string& child) const;
  /// The extent of a dataset. Throws Error{kRefused} for a null dataspace or more than 8 dimensions.
  [[nodiscard]] std::vector<hsize_t> shape(hid_t dataset, std::string_view shown) const;

  [[noreturn]] void refuse(std::string_view object, std::string_view what) const;

 private:
  [[nodiscard]] bool has_object(hid_t group, const std::string& child, H5O_type_t type) const;

  std::string name_;
  Hdf5Id file_;
};

}  // namespace vgg16
