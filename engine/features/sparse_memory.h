// A file that HDF5 believes to be on disk: it is in memory, and space that nothing was written to takes none.
//
// HDF5 lays out features files of any size here, in which only the few pages of its own records are ever touched. So
// nothing that a disk does can go wrong inside HDF5, whose handling of failed writes is not safe. (HDF5's own files in
// memory, its core driver, take memory for the space of all rows: 100 GB where the file will have them.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "features/h5.h"

namespace vgg16 {

class SparseMemory {
 public:
  /// Zeros where nothing was written.
  void read(int64_t offset, std::span<std::byte> bytes) const;
  void write(int64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] int64_t size() const { return size_; }
  void set_size(int64_t size) { size_ = size; }
  /// HDF5 forgets failed writes where it closes datasets, so whoever uses what it wrote must ask here.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  void set_failed() { has_failed_ = true; }

 private:
  static constexpr int64_t kPageBytes = 64 << 10;
  std::map<int64_t, std::vector<std::byte>> pages_;  // by number; all of kPageBytes
  int64_t size_ = 0;
  bool has_failed_ = false;
};

/// Creates an HDF5 file in `memory`, which must outlive it. The Hdf5Lock must be held.
[[nodiscard]] Hdf5Id create_h5_in(SparseMemory& memory, const H5Checker& check);

}  // namespace vgg16
