// Using the HDF5 library, with which the headers of new files are made: owners of ids, checked calls, the types of
// features files. Files are not read with it.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

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
  /// Closes now; false if the library reports a failure.
  bool reset();

 private:
  hid_t id_ = -1;
};

/// Must exist while any HDF5 call runs, because Debian's HDF5 is not thread-safe. The constructor also stops the
/// library from printing errors, loading plugins and running code at exit.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::lock_guard<std::mutex> guard_;
};

/// A place in the source. As a default argument it is the place of the call. (Clang 14 has no std::source_location.)
struct SourcePlace {
  const char* file = __builtin_FILE();
  int line = __builtin_LINE();
};

/// Checks the results of HDF5's functions. Messages call the file `file`, which must be escaped.
class H5Checker {
 public:
  explicit H5Checker(std::string file) : file_(std::move(file)) {}

  /// Returns `result` if it is not negative; otherwise throws Error{kIo}, which names the call and its place.
  template <class T>
  T operator()(T result, std::string_view call, SourcePlace place = {}) const {
    if (result < 0) fail(call, place);
    return result;
  }
  /// The same for a new id, which the result owns.
  [[nodiscard]] Hdf5Id own(hid_t id, std::string_view call, SourcePlace place = {}) const {
    return Hdf5Id(operator()(id, call, place));
  }

 private:
  [[noreturn]] void fail(std::string_view call, const SourcePlace& place) const;

  std::string file_;
};

/// IEEE 754's binary16, little-endian (NumPy's float16). HDF5 1.10 has no predefined type for it.
[[nodiscard]] Hdf5Id float16_type(const H5Checker& check);

/// Variable-length UTF-8, as h5py writes str.
[[nodiscard]] Hdf5Id string_type(const H5Checker& check);

}  // namespace vgg16
