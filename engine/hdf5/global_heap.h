// HDF5's global heap, which stores variable-length text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hdf5/h5_file.h"

namespace vgg16 {

/// A variable-length value as a dataset or attribute stores it: 16 bytes.
struct HeapReference {
  static constexpr int64_t kBytes = 16;
  explicit HeapReference(const std::byte* stored);

  uint32_t length;   ///< in bytes
  uint64_t address;  ///< of the collection, in the file
  uint32_t index;    ///< in the collection
};

/// The heap collections of one file, each read once, when it is first used. Every length is checked before it is used;
/// all collections together may not be larger than the file. (HDF5 File Format Specification 3.0, III.E.)
class GlobalHeap {
 public:
  /// `file` must outlive the heap.
  explicit GlobalHeap(const H5File& file);

  /// The text that `reference` refers to, valid as long as the heap; empty if its length is 0. Throws Error{kRefused}.
  [[nodiscard]] std::string_view text(const HeapReference& reference);

 private:
  struct Collection {
    std::vector<std::byte> bytes;
    std::map<uint32_t, std::string_view> objects;  // by index; point into bytes
  };

  const Collection& collection(uint64_t address);
  void index_objects(Collection& found) const;
  [[noreturn]] void refuse() const;

  const H5File& file_;
  int64_t file_size_;
  int64_t bytes_left_;  // how many bytes further collections may have
  int64_t text_left_;   // how many bytes of text may still be returned
  std::map<uint64_t, Collection> collections_;
};

}  // namespace vgg16
