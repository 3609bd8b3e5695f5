// HDF5's C interface, made safe to use: one lock, owned handles, checked calls.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace vgg16 {

/// Holds the one lock around HDF5 for its life: Debian's library is not thread-safe. The first one made also prepares
/// the library: no messages on stderr, no plugins, nothing at exit (after a failed write its exit handler crashes:
/// HDF5 issue 1498).
class H5Lock {
 public:
  H5Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

/// An owned HDF5 handle of any kind. The lock must be held wherever one is made, used or destroyed.
class H5Id {
 public:
  H5Id() = default;
  H5Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  H5Id(H5Id&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  H5Id& operator=(H5Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~H5Id() {
    if (id_ >= 0) close_(id_);
  }
  [[nodiscard]] hid_t get() const { return id_; }
  /// Closes now, and says whether that worked: a file that is written to is only good if it closed.
  [[nodiscard]] herr_t close_now() { return close_(std::exchange(id_, H5I_INVALID_HID)); }

 private:
  hid_t id_ = H5I_INVALID_HID;
  herr_t (*close_)(hid_t) = nullptr;
};

/// Checks HDF5's results while one file is written or read. `file` is what messages call it, already printable; a
/// failed call becomes Error{kRefused} when the file came from outside, and Error{kIo} when it is ours to write.
class H5Checker {
 public:
  enum class File { kRead, kWritten };
  H5Checker(std::string file, File kind) : file_(std::move(file)), kind_(kind) {}

  /// Returns `result` if it is not negative; else throws, quoting the call and where it stands.
  template <class T>
  T operator()(T result, std::string_view call, std::source_location where = std::source_location::current()) const {
    if (result < 0) fail(call, where);
    return result;
  }
  /// The same for a new handle, which is owned from here on.
  [[nodiscard]] H5Id own(hid_t id, herr_t (*close)(hid_t), std::string_view call,
                         std::source_location where = std::source_location::current()) const {
    return {operator()(id, call, where), close};
  }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  [[noreturn]] void fail(std::string_view call, const std::source_location& where) const;

  std::string file_;
  File kind_;
};

/// The type behind IEEE 754's binary16, little-endian: what NumPy calls float16. HDF5 1.10 has no name for it.
[[nodiscard]] H5Id float16_type(const H5Checker& check);

/// Variable-length UTF-8, as h5py writes str.
[[nodiscard]] H5Id string_type(const H5Checker& check);

}  // namespace vgg16
