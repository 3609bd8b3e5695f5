// A sparse file in memory, for HDF5 to write to: only pages that were written take memory.
//
// HDF5 makes the headers of features files here. Such a file has its full size, perhaps 100 GB, but only the few pages
// with HDF5's own records are written. Since no disk is involved, no write can fail inside HDF5, which can crash after
// a failed write. (HDF5's own driver for files in memory, "core", would allocate the full size.)
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
  /// Reads zeros where nothing was written.
  void read(int64_t offset, std::span<std::byte> bytes) const;
  void write(int64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] int64_t size() const { return size_; }
  void set_size(int64_t size) { size_ = size; }
  /// Whether a write has failed for lack of memory. HDF5 does not report failures that occur while it closes datasets,
  /// so this must be checked before the file is used.
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
