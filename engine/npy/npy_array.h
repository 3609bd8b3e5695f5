// Reading the array of a .npy file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "files/posix_file.h"
#include "npy/npy_header.h"

namespace vgg16 {

/// The array of an open .npy file, of which only the parts that are asked for are read. The file is not trusted: its
/// header is checked, and its size must be exactly what the header says. It is read, not mapped: if a mapped file were
/// truncated, using it would kill the program. Move-only; any number of threads may read at once.
class NpyArray {
 public:
  /// Throws Error{kRefused, kIo}.
  explicit NpyArray(PosixFile file);

  [[nodiscard]] const std::string& name() const { return file_.name(); }
  [[nodiscard]] const NpyType& type() const { return header_.type; }
  [[nodiscard]] const std::vector<int64_t>& shape() const { return header_.shape; }
  /// Of the elements with the same first index, in bytes.
  [[nodiscard]] int64_t row_bytes() const { return row_bytes_; }

  /// Copies the elements with first index `first` to first + count - 1, in C order and in their stored type, to `out`,
  /// which has count * row_bytes() bytes. Of an array in Fortran order, which has each column in one piece, blocks of
  /// some thousand rows are read and transposed, and the last two are kept (32 MB), so that one or two threads
  /// that read rows in order read the file once; more threads, or other orders, read blocks again. Throws
  /// Error{kRefused, kIo}.
  void read_rows(int64_t first, int64_t count, std::span<std::byte> out) const;

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  struct Block {
    int64_t first = 0;             // row
    std::vector<std::byte> bytes;  // of block_rows_ rows, or up to the last one
  };
  /// The last two blocks, the one that was used last in front.
  struct Cache {
    std::mutex mutex;
    std::shared_ptr<const Block> blocks[2];
  };
  [[nodiscard]] std::shared_ptr<const Block> block_at(int64_t row) const;
  [[nodiscard]] std::shared_ptr<const Block> transposed(int64_t first) const;

  PosixFile file_;
  NpyHeader header_;
  int64_t offset_ = 0;  // of the first element
  int64_t row_bytes_ = 0;
  int64_t block_rows_ = 0;
  std::unique_ptr<Cache> cache_;  // null in C order
};

}  // namespace vgg16
