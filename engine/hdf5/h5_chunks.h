// Reading the values of a chunked dataset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "hdf5/h5_file.h"

namespace vgg16 {

/// The positions of all chunks of one dataset, and a cache of the chunks that were decompressed last. If the cache has
/// room for all chunks that begin at the same first index (kCacheBytes is 2,674 rows of 25,088 float32), reading the
/// dataset from front to back in parts of any size decompresses every chunk once; otherwise once for each part that it
/// overlaps. One thread at a time.
class H5Chunks {
 public:
  static constexpr int64_t kMaxChunkBytes = int64_t{64} << 20;
  static constexpr int64_t kCacheBytes = int64_t{256} << 20;

  /// Reads the list of chunks (III.A.1, node type 1; VII.C). `file` must outlive this. Refuses chunks of more than
  /// kMaxChunkBytes or of more than half of file.memory_left(), chunks outside the dataset or the file, and two at the
  /// same position. The cache takes at most `cache_bytes`, and at most what the list leaves of file.memory_left().
  H5Chunks(const H5File& file, H5Dataset dataset, int64_t cache_bytes = kCacheBytes);

  /// Bytes that all chunks take in the file.
  [[nodiscard]] int64_t stored_bytes() const { return stored_bytes_; }
  /// How many times a chunk has been decompressed; for tests.
  [[nodiscard]] int64_t unpacked_count() const { return unpacked_count_; }

  /// Copies the values with first index `first` to first + count - 1 to `out`, row-major, in their stored type. Refuses
  /// a chunk that was never written, does not decompress to its size, or does not match its checksum.
  void read(int64_t first, int64_t count, std::span<std::byte> out);
  /// Empties the cache and returns its memory to the system.
  void forget();

 private:
  using Place = std::vector<int64_t>;  // the indices of a chunk's first value
  struct Stored {
    uint64_t address;
    uint64_t size;
    uint64_t filters_left_out;  // bit i: filter i was not applied to this chunk
  };

  void list_tree(uint64_t address, int levels_left);
  void list_fixed_array();
  void list_entries(uint64_t address, int64_t first, int64_t count, uint64_t entry_bytes);
  void add(Place place, Stored stored);
  const std::vector<std::byte>& chunk_at(const Place& place);
  [[nodiscard]] std::vector<std::byte> unpacked(const Stored& stored) const;
  void copy(const Place& place, const std::vector<std::byte>& chunk, int64_t first, int64_t count,
            std::span<std::byte> out) const;
  [[noreturn]] void refuse() const;

  const H5File& file_;
  H5Dataset dataset_;
  int64_t cache_bytes_;
  int64_t chunk_bytes_;
  int64_t stored_bytes_ = 0;
  std::map<Place, Stored> chunks_;
  std::map<Place, std::vector<std::byte>> cache_;
  int64_t unpacked_count_ = 0;
};

}  // namespace vgg16
