#include "hdf5/h5_chunks.h"

#include <malloc.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace vgg16 {
namespace {

constexpr int kMaxTreeLevels = 16;
constexpr size_t kSumBytes = 4;
constexpr int64_t kListedBytes = 144;  // memory of an entry of chunks_

// Fletcher's checksum over big-endian 16-bit words (H5checksum.c: H5_checksum_fletcher32).
uint32_t fletcher32(std::span<const std::byte> bytes) {
  uint32_t first = 0;
  uint32_t second = 0;
  const auto fold = [](uint32_t sum) { return (sum & 0xFFFFU) + (sum >> 16U); };
  // 360 is the most words for which `second` stays below 2^32 (as in HDF5's own code).
  constexpr size_t kWordsBeforeTheyOverflow = 360;
  while (!bytes.empty()) {
    for (size_t i = 0; i < kWordsBeforeTheyOverflow && !bytes.empty(); ++i) {
      const auto low = bytes.size() > 1 ? static_cast<uint32_t>(bytes[1]) : 0U;
      first += static_cast<uint32_t>(bytes[0]) << 8U | low;
      second += first;
      bytes = bytes.subspan(std::min<size_t>(2, bytes.size()));
    }
    first = fold(first);
    second = fold(second);
  }
  return fold(second) << 16U | fold(first);
}

// Undoes the shuffle filter, which stores byte 0 of all values, then byte 1 of all values, and so on. Bytes at the end
// that do not fill a value stay where they are.
std::vector<std::byte> unshuffled(const std::vector<std::byte>& planes, size_t element_size) {
  std::vector<std::byte> values(planes);
  const size_t count = planes.size() / element_size;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < element_size; ++j) values[i * element_size + j] = planes[j * count + i];
  }
  return values;
}

// Decompresses `packed`; empty if it is not zlib data of exactly `size` bytes.
std::vector<std::byte> inflated(const std::vector<std::byte>& packed, size_t size) {
  std::vector<std::byte> bytes(size);
  auto length = static_cast<uLongf>(size);
  const int result = uncompress(reinterpret_cast<Bytef*>(bytes.data()), &length,
                                reinterpret_cast<const Bytef*>(packed.data()), static_cast<uLong>(packed.size()));
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result != Z_OK || length != size) return {};
  return bytes;
}

}  // namespace

H5Chunks::H5Chunks(const H5File& file, H5Dataset dataset, int64_t cache_bytes)
    : file_(file), dataset_(std::move(dataset)), cache_bytes_(cache_bytes), chunk_bytes_(dataset_.type.size) {
  for (const int64_t dim : dataset_.chunk) chunk_bytes_ = checked_product(chunk_bytes_, dim);
  if (chunk_bytes_ < 0 || chunk_bytes_ > kMaxChunkBytes) {
    file.refuse("is refused: '" + dataset_.name + "' has chunks of more than " + readable_size(kMaxChunkBytes));
  }
  if (chunk_bytes_ > file.memory_left() / 2) {
    file.refuse("is refused: '" + dataset_.name + "' has chunks of " + readable_size(chunk_bytes_) +
                ", too much for a file that takes " + readable_size(file.file().allocated_bytes()) +
                " on its disk; write it with smaller chunks");
  }
  // A dataset whose chunks were never written has no index.
  if (dataset_.address != kH5Undefined && dataset_.count() > 0) {
    if (dataset_.chunk_index == H5Dataset::ChunkIndex::kTree) {
      list_tree(dataset_.address, kMaxTreeLevels);
    } else if (dataset_.chunk_index == H5Dataset::ChunkIndex::kFixedArray) {
      list_fixed_array();
    } else {
      const uint64_t size = dataset_.filters.empty() ? static_cast<uint64_t>(chunk_bytes_) : dataset_.single_bytes;
      add(Place(dataset_.dims.size(), 0), {dataset_.address, size, dataset_.single_filters_left_out});
    }
  }
  // Leave room for the chunk that is being decompressed and for the output of its previous filter.
  cache_bytes_ = std::min(cache_bytes_, file.memory_left() - 2 * chunk_bytes_);
}

void H5Chunks::refuse() const {
  file_.refuse("is damaged: impossible sizes or positions of the chunks of '" + dataset_.name + "'");
}

// Walks the B-tree from the root down. Levels must decrease by at least one per step, so a cycle cannot last.
void H5Chunks::list_tree(uint64_t address, int levels_left) {
  if (levels_left == 0) refuse();
  const std::vector<std::byte> head = file_.block(address, 24);
  H5Cursor fields(file_, head);
  fields.expect("TREE\1");
  const uint64_t level = fields.number(1);
  const uint64_t entries = fields.number(2);
  if (level >= static_cast<uint64_t>(levels_left)) refuse();
  // A key is the stored size, the filter mask, and one offset more than the dataset has dimensions.
  const uint64_t key_bytes = 8 + 8 * (dataset_.dims.size() + 1);
  const std::vector<std::byte> bytes = file_.block(address + 24, entries * (key_bytes + 8));
  H5Cursor cursor(file_, bytes);
  for (uint64_t i = 0; i < entries; ++i) {
    if (level > 0) {
      cursor.skip(key_bytes);
      list_tree(cursor.number(8), static_cast<int>(level));
      continue;
    }
    Stored stored{};
    stored.size = cursor.number(4);
    stored.filters_left_out = cursor.number(4);
    Place place;
    for (size_t axis = 0; axis < dataset_.dims.size(); ++axis) {
      place.push_back(static_cast<int64_t>(std::min<uint64_t>(cursor.number(8), INT64_MAX)));
    }
    if (cursor.number(8) != 0) refuse();  // within the bytes of one value
    stored.address = cursor.number(8);
    add(std::move(place), stored);
  }
}

// A fixed array (VII.C) has an entry for each chunk of the largest shape that the dataset may have. If there are many,
// they are in pages, of which only those that a bitmap names were written.
void H5Chunks::list_fixed_array() {
  const std::vector<std::byte> head = file_.block(dataset_.address, 24);
  H5Cursor fields(file_, head);
  fields.expect(std::string_view("FAHD\0", 5));
  fields.skip(1);  // whether the entries are those of filtered chunks, which their size says as well
  const uint64_t entry_bytes = fields.number(1);
  const uint64_t page_bits = fields.number(1);
  const uint64_t count = fields.number(8);
  const uint64_t block = fields.number(8);
  int64_t expected = 1;
  for (size_t i = 0; i < dataset_.dims.size(); ++i) {
    const int64_t chunks = dataset_.max_dims[i] / dataset_.chunk[i] + (dataset_.max_dims[i] % dataset_.chunk[i] != 0);
    expected = checked_product(expected, chunks);
  }
  // An address, and with filters the size in up to 8 bytes and the mask.
  const bool right_size = dataset_.filters.empty() ? entry_bytes == 8 : entry_bytes > 12 && entry_bytes <= 20;
  if (!right_size || page_bits > 30 || expected < 0 || std::cmp_not_equal(count, expected)) refuse();
  if (block == kH5Undefined) return;
  constexpr uint64_t kPrefixBytes = 14;  // signature, version, kind of entries, address of the header
  const std::vector<std::byte> prefix = file_.block(block, kPrefixBytes);
  H5Cursor(file_, prefix).expect(std::string_view("FADB\0", 5));
  const int64_t page = int64_t{1} << page_bits;
  if (expected <= page) return list_entries(block + kPrefixBytes, 0, expected, entry_bytes);
  const int64_t pages = (expected - 1) / page + 1;
  const std::vector<std::byte> written = file_.block(block + kPrefixBytes, static_cast<uint64_t>((pages - 1) / 8 + 1));
  uint64_t at = block + kPrefixBytes + written.size() + kSumBytes;
  for (int64_t i = 0; i < pages; ++i, at += static_cast<uint64_t>(page) * entry_bytes + kSumBytes) {
    const auto bits = static_cast<unsigned>(written[static_cast<size_t>(i / 8)]);
    if ((bits << (i % 8) & 0x80U) != 0) list_entries(at, i * page, std::min(page, expected - i * page), entry_bytes);
  }
}

// Entries `first` to first + count - 1 of a fixed array.
void H5Chunks::list_entries(uint64_t address, int64_t first, int64_t count, uint64_t entry_bytes) {
  const std::vector<std::byte> bytes = file_.block(address, static_cast<uint64_t>(count) * entry_bytes);
  H5Cursor cursor(file_, bytes);
  for (int64_t i = first; i < first + count; ++i) {
    Stored stored{};
    stored.address = cursor.number(8);
    stored.size = static_cast<uint64_t>(chunk_bytes_);
    if (entry_bytes > 8) {
      stored.size = cursor.number(entry_bytes - 12);
      stored.filters_left_out = cursor.number(4);
    }
    if (stored.address == kH5Undefined) continue;  // never written
    Place place(dataset_.dims.size());
    int64_t left = i;
    for (size_t axis = place.size(); axis-- > 0;) {
      const int64_t chunks = (dataset_.max_dims[axis] - 1) / dataset_.chunk[axis] + 1;
      place[axis] = left % chunks * dataset_.chunk[axis];
      left /= chunks;
    }
    add(std::move(place), stored);
  }
}

// Checks what the index says of a chunk before it is listed.
void H5Chunks::add(Place place, Stored stored) {
  for (size_t i = 0; i < place.size(); ++i) {
    if (place[i] >= dataset_.dims[i] || place[i] % dataset_.chunk[i] != 0) refuse();
  }
  const auto end = static_cast<uint64_t>(file_.size());
  if (stored.address > end || stored.size > end - stored.address) refuse();
  // Without filters the stored size is known exactly; with them it can only be bounded.
  if (dataset_.filters.empty() && std::cmp_not_equal(stored.size, chunk_bytes_)) refuse();
  if (std::cmp_greater(stored.size, chunk_bytes_ + chunk_bytes_ / 16 + 4096))
    refuse();  // the limit is above chunk_bytes_ because compression can make random data a little longer
  stored_bytes_ += static_cast<int64_t>(stored.size);
  file_.take_memory(kListedBytes, "the list of the chunks of '" + dataset_.name + "'");
  if (stored_bytes_ > file_.size() || !chunks_.emplace(std::move(place), stored).second) refuse();
}

// Undoes the filters in reverse order.
std::vector<std::byte> H5Chunks::unpacked(const Stored& stored) const {
  std::vector<std::byte> bytes(stored.size);
  file_.file().read_at(file_.offset_of(stored.address), bytes);
  for (size_t i = dataset_.filters.size(); i-- > 0;) {
    if ((stored.filters_left_out >> i & 1U) != 0) continue;
    const H5Filter& filter = dataset_.filters[i];
    if (filter.kind == H5Filter::Kind::kShuffle) {
      if (filter.element_size < 1 || filter.element_size > chunk_bytes_) refuse();
      bytes = unshuffled(bytes, static_cast<size_t>(filter.element_size));
    } else if (filter.kind == H5Filter::Kind::kFletcher32) {
      if (bytes.size() < kSumBytes) refuse();
      uint32_t sum = 0;
      std::memcpy(&sum, bytes.data() + bytes.size() - kSumBytes, kSumBytes);
      bytes.resize(bytes.size() - kSumBytes);
      if (fletcher32(bytes) != sum)
        file_.refuse("is damaged: a chunk of '" + dataset_.name + "' does not match its checksum");
    } else {
      // The size of the compressed data's input: the chunk, plus 4 bytes per checksum filter that came before deflate.
      auto size = static_cast<size_t>(chunk_bytes_);
      for (size_t before = 0; before < i; ++before) {
        const bool added = dataset_.filters[before].kind == H5Filter::Kind::kFletcher32 &&
                           (stored.filters_left_out >> before & 1U) == 0;
        if (added) size += kSumBytes;
      }
      bytes = inflated(bytes, size);
    }
  }
  if (std::cmp_not_equal(bytes.size(), chunk_bytes_)) refuse();
  return bytes;
}

const std::vector<std::byte>& H5Chunks::chunk_at(const Place& place) {
  const auto known = cache_.find(place);
  if (known != cache_.end()) return known->second;
  const auto stored = chunks_.find(place);
  if (stored == chunks_.end())
    file_.refuse("is damaged: '" + dataset_.name + "' lacks some of its chunks, which were never written");
  // If the cache is full, drop the chunks with another first index: rows are mostly read in order, so those will not be
  // needed again.
  const auto is_full = [&] { return (static_cast<int64_t>(cache_.size()) + 1) * chunk_bytes_ > cache_bytes_; };
  if (is_full()) std::erase_if(cache_, [&](const auto& cached) { return cached.first[0] != place[0]; });
  if (is_full()) cache_.clear();
  ++unpacked_count_;
  return cache_.emplace(place, unpacked(stored->second)).first->second;
}

void H5Chunks::forget() {
  cache_.clear();
  malloc_trim(0);  // otherwise the allocator keeps freed memory that lies between blocks in use
}

void H5Chunks::read(int64_t first, int64_t count, std::span<std::byte> out) {
  const size_t rank = dataset_.dims.size();
  Place place(rank, 0);
  place[0] = first / dataset_.chunk[0] * dataset_.chunk[0];
  while (place[0] < first + count) {
    copy(place, chunk_at(place), first, count, out);
    // The next chunk in row-major order.
    size_t axis = rank - 1;
    place[axis] += dataset_.chunk[axis];
    while (axis > 0 && place[axis] >= dataset_.dims[axis]) {
      place[axis] = 0;
      --axis;
      place[axis] += dataset_.chunk[axis];
    }
  }
}

// Copies the requested part of a chunk to its place in `out`, in runs along the last axis.
void H5Chunks::copy(const Place& place, const std::vector<std::byte>& chunk, int64_t first, int64_t count,
                    std::span<std::byte> out) const {
  const size_t rank = place.size();
  const auto value_bytes = dataset_.type.size;
  // [begin, end): the part of the chunk that is inside the dataset and in the requested rows, in indices of the chunk.
  // Chunks at the edge reach over the dataset.
  Place begin(rank, 0);
  Place end(dataset_.chunk);
  for (size_t i = 0; i < rank; ++i) end[i] = std::min(end[i], dataset_.dims[i] - place[i]);
  begin[0] = std::max<int64_t>(0, first - place[0]);
  end[0] = std::min(end[0], first + count - place[0]);
  const int64_t run = end[rank - 1] - begin[rank - 1];
  for (Place at = begin; at[0] < end[0];) {
    int64_t from = 0;
    int64_t to = 0;
    for (size_t i = 0; i < rank; ++i) {
      from = from * dataset_.chunk[i] + at[i];
      to = to * (i == 0 ? count : dataset_.dims[i]) + place[i] + at[i] - (i == 0 ? first : 0);
    }
    std::copy_n(chunk.begin() + from * value_bytes, run * value_bytes, out.begin() + to * value_bytes);
    // The next run. Values along the last axis are contiguous both in the chunk and in `out`: they are one run.
    size_t axis = rank - 1;
    at[axis] = end[axis];
    while (axis > 0 && at[axis] >= end[axis]) {
      at[axis] = begin[axis];
      --axis;
      ++at[axis];
    }
  }
}

}  // namespace vgg16
