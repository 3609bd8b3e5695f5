// HDF5's calls, checked, and the types that features files use.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "hdf5/hdf5.h"

namespace vgg16 {

/// A place in the source; by default, the one where this is written. (Clang 14 has no std::source_location.)
struct SourcePlace {
  const char* file = __builtin_FILE();
  int line = __builtin_LINE();
};

/// Checks HDF5's results while one file is written or read. `file` is what messages call it, already printable; a
/// failed call becomes Error{kRefused} when the file came from outside, and Error{kIo} when it is ours to write.
class H5Checker {
 public:
  enum class File { kRead, kWritten };
  H5Checker(std::string file, File kind) : file_(std::move(file)), kind_(kind) {}

  /// Returns `result` if it is not negative; else throws, quoting the call and where it stands.
  template <class T>
  T operator()(T result, std::string_view call, SourcePlace place = {}) const {
    if (result < 0) fail(call, place);
    return result;
  }
  /// The same for a new id, which is owned from here on.
  [[nodiscard]] Hdf5Id own(hid_t id, std::string_view call, SourcePlace place = {}) const {
    return Hdf5Id(operator()(id, call, place));
  }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  [[noreturn]] void fail(std::string_view call, const SourcePlace& place) const;

  std::string file_;
  File kind_;
};

/// The type behind IEEE 754's binary16, little-endian: what NumPy calls float16. HDF5 1.10 has no name for it.
[[nodiscard]] Hdf5Id float16_type(const H5Checker& check);

/// Variable-length UTF-8, as h5py writes str.
[[nodiscard]] Hdf5Id string_type(const H5Checker& check);

}  // namespace vgg16
