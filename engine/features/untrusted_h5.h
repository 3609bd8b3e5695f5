// An HDF5 file from somewhere, read as data and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "features/h5.h"
#include "features/posix_file.h"
#include "features/row.h"

namespace vgg16 {

/// A file opened for reading in which nothing leads outside of it and nothing it says about sizes is believed
/// unchecked: a regular file with HDF5's signature; objects at the root reached by hard links only; datasets with their
/// data inside the file, contiguous, compact or chunked, packed by deflate, shuffle and fletcher32 at most, and not
/// more than a thousandfold beyond kSmallBytes. What does not comply is Error{kRefused}, naming the object. The
/// Hdf5Lock must be held wherever one is made, used or destroyed.
class UntrustedH5 {
 public:
  static constexpr int64_t kSmallBytes = int64_t{64} << 20;
  static constexpr int64_t kMaxChunkBytes = int64_t{256} << 20;
  static constexpr int64_t kMaxStringBytes = 8192;  ///< a path may have 4,096

  /// Throws Error{kNotFound, kIo, kRefused}; other kinds of files are called by their names.
  explicit UntrustedH5(const std::filesystem::path& path);
  /// The same for a file that is open already.
  explicit UntrustedH5(PosixFile file);

  /// A checked dataset of one or two dimensions.
  struct Dataset {
    Hdf5Id id;
    Hdf5Id type;
    std::vector<int64_t> dims;
    int64_t offset = -1;  ///< in the file where the data is contiguous, else -1
    [[nodiscard]] int64_t count() const { return dims[0] * (dims.size() > 1 ? dims[1] : 1); }
  };

  [[nodiscard]] Dataset dataset(const char* name, size_t rank) const;

  /// How the dataset's numbers are stored; only IEEE floating point is accepted.
  [[nodiscard]] NumberFormat float_format(const Dataset& dataset, const char* name) const;
  [[nodiscard]] std::vector<int64_t> integers(const char* name, std::optional<int64_t> count) const;
  /// `count` is the first dimension's. Of rank 2: pairs, one after the other.
  [[nodiscard]] std::vector<std::string> strings(const char* name, std::optional<int64_t> count, size_t rank = 1) const;

  [[nodiscard]] bool has_attribute(const char* name) const;

  [[nodiscard]] const PosixFile& file() const { return file_; }
  [[nodiscard]] const H5Checker& check() const { return check_; }
  [[nodiscard]] PosixFile take_file() { return std::move(file_); }
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  void require_storage_inside(const Dataset& dataset, const char* name) const;
  [[nodiscard]] std::vector<std::string> variable_strings(const Dataset& dataset, const char* name) const;
  [[nodiscard]] std::vector<std::string> fixed_strings(const Dataset& dataset, const char* name) const;

  PosixFile file_;
  H5Checker check_;
  int64_t file_size_ = 0;
  std::optional<Hdf5File> h5_;
};

}  // namespace vgg16
