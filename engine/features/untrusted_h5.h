// Reading the datasets of a features file of unknown origin, with checks against damaged and hostile files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/labels.h"
#include "features/row.h"
#include "hdf5/h5_file.h"

namespace vgg16 {

/// A file opened for reading. On top of the checks of hdf5/h5_file.h: objects must be reached by hard links; a dataset
/// larger than kSmallBytes may not be more than 1000 times larger than its stored chunks; a dataset of integers or
/// texts may not have more values than the file has bytes. Otherwise throws Error{kRefused}, which names the object.
class UntrustedH5 {
 public:
  static constexpr int64_t kSmallBytes = int64_t{64} << 20;
  static constexpr int64_t kMaxStringBytes = 8192;  ///< a path has at most 4,096 bytes, and some are escaped

  /// Throws Error{kNotFound, kIo, kRefused}; for a file that is not HDF5 the message says what it is.
  explicit UntrustedH5(const std::filesystem::path& path);

  /// `name` is a path from the root group, such as "features" or "train/features".
  [[nodiscard]] H5Dataset dataset(const std::string& name, size_t rank) const;

  /// How the dataset's numbers are stored; refuses types other than IEEE floating point.
  [[nodiscard]] NumberFormat float_format(const H5Dataset& dataset) const;
  [[nodiscard]] std::vector<int64_t> integers(const std::string& name, std::optional<int64_t> count) const;
  /// `count`, if given, is the expected first dimension. A dataset of rank 2 has pairs, which are returned one after
  /// another.
  [[nodiscard]] std::vector<std::string> strings(const std::string& name, std::optional<int64_t> count,
                                                 size_t rank = 1) const;
  /// The labels of `count` rows, of shape (count) or (count, 1): integers, whole numbers in floating point, or text.
  [[nodiscard]] LabelValues labels(const std::string& name, int64_t count) const;

  /// The attributes of the root group, and whether it has an entry of this name.
  [[nodiscard]] H5Attributes attributes() const { return h5_.attributes(root_); }
  [[nodiscard]] bool has(const std::string& name) const { return links_.contains(name); }

  [[nodiscard]] const H5File& h5() const { return h5_; }
  [[nodiscard]] const PosixFile& file() const { return h5_.file(); }
  [[nodiscard]] const std::string& name() const { return h5_.name(); }
  [[nodiscard]] PosixFile take_file() { return h5_.take_file(); }
  [[noreturn]] void refuse(const std::string& what) const { h5_.refuse(what); }

 private:
  [[nodiscard]] H5Dataset find(const std::string& name) const;
  [[nodiscard]] std::string others(const std::string& missing) const;
  void for_each_value(const H5Dataset& dataset, const std::function<void(std::span<const std::byte>)>& take) const;
  [[nodiscard]] std::vector<std::string> texts(const H5Dataset& dataset) const;
  void require_data(const H5Dataset& dataset) const;
  void require_count(const H5Dataset& dataset, std::optional<int64_t> expected) const;
  [[nodiscard]] std::vector<std::string> variable_strings(const H5Dataset& dataset) const;
  [[nodiscard]] std::vector<std::string> fixed_strings(const H5Dataset& dataset) const;

  H5File h5_;
  H5Object root_;
  std::map<std::string, H5Link> links_;
};

}  // namespace vgg16
