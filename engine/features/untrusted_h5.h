// A features file from somewhere: its datasets by name, as data and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "features/row.h"
#include "hdf5/h5_file.h"

namespace vgg16 {

/// A file opened for reading in which nothing leads outside of it and nothing it says about sizes is believed
/// unchecked (hdf5/h5_file.h): objects at the root reached by hard links only; datasets not more than a thousandfold
/// beyond kSmallBytes of what is stored; no more numbers or texts of one kind than the file has bytes; memory in
/// proportion to what the file takes on its disk. What does not comply is Error{kRefused}, naming the object.
class UntrustedH5 {
 public:
  static constexpr int64_t kSmallBytes = int64_t{64} << 20;
  static constexpr int64_t kMaxStringBytes = 8192;  ///< a path may have 4,096

  /// Throws Error{kNotFound, kIo, kRefused}; other kinds of files are called by their names.
  explicit UntrustedH5(const std::filesystem::path& path);

  [[nodiscard]] H5Dataset dataset(const char* name, size_t rank) const;

  /// How the dataset's numbers are stored; only IEEE floating point is accepted.
  [[nodiscard]] NumberFormat float_format(const H5Dataset& dataset) const;
  [[nodiscard]] std::vector<int64_t> integers(const char* name, std::optional<int64_t> count) const;
  /// `count` is the first dimension's. Of rank 2: pairs, one after the other.
  [[nodiscard]] std::vector<std::string> strings(const char* name, std::optional<int64_t> count, size_t rank = 1) const;

  /// Of the root group: its attributes, and whether it has a link of this name.
  [[nodiscard]] H5Attributes attributes() const { return h5_.attributes(root_); }
  [[nodiscard]] bool has(const char* name) const { return links_.contains(name); }

  [[nodiscard]] const H5File& h5() const { return h5_; }
  [[nodiscard]] const PosixFile& file() const { return h5_.file(); }
  [[nodiscard]] const std::string& name() const { return h5_.name(); }
  [[nodiscard]] PosixFile take_file() { return h5_.take_file(); }
  [[noreturn]] void refuse(const std::string& what) const { h5_.refuse(what); }

 private:
  void require_data(const H5Dataset& dataset) const;
  void require_count(const H5Dataset& dataset, std::optional<int64_t> expected) const;
  [[nodiscard]] std::vector<std::string> variable_strings(const H5Dataset& dataset) const;
  [[nodiscard]] std::vector<std::string> fixed_strings(const H5Dataset& dataset) const;

  H5File h5_;
  H5Object root_;
  std::map<std::string, H5Link> links_;
};

/// A stored integer; one beyond int64 becomes the largest.
[[nodiscard]] int64_t h5_integer(std::span<const std::byte> stored, const H5Type& type);

}  // namespace vgg16
