#include "hdf5/global_heap.h"

#include <array>
#include <cstring>

namespace vgg16 {
namespace {

constexpr size_t kHeaderBytes = 16;    // "GCOL", version, 3 reserved, size of all
constexpr size_t kObjectBytes = 16;    // index, references, 4 reserved, size
constexpr int64_t kIndexedBytes = 80;  // memory of an entry of Collection::objects
constexpr const char* kText = "its text";

// Unaligned little-endian numbers.
template <class T>
T load(const std::byte* stored) {
  T value;
  std::memcpy(&value, stored, sizeof value);
  return value;
}

}  // namespace

HeapReference::HeapReference(const std::byte* stored)
    : length(load<uint32_t>(stored)), address(load<uint64_t>(stored + 4)), index(load<uint32_t>(stored + 12)) {}

GlobalHeap::GlobalHeap(const H5File& file)
    : file_(file), file_size_(file.size()), bytes_left_(file_size_), text_left_(file_size_) {}

void GlobalHeap::refuse() const {
  file_.refuse("is damaged: a reference to variable-length text leads to no such text");
}

std::string_view GlobalHeap::text(const HeapReference& reference) {
  if (reference.length == 0) return {};
  // An index into a collection: 0 is its free space, so it is never in `objects`.
  const Collection& found = collection(reference.address);
  const auto object = found.objects.find(reference.index);
  if (object == found.objects.end() || object->second.size() < reference.length) refuse();
  // Limits the text that is returned in total: many references to one long text would take any amount of memory.
  text_left_ -= reference.length;
  if (text_left_ < 0) refuse();
  file_.take_memory(int64_t{2} * reference.length, kText);  // callers copy it twice: to the plan and to the table
  return object->second.substr(0, reference.length);
}

const GlobalHeap::Collection& GlobalHeap::collection(uint64_t address) {
  // Most references of a dataset lead to a few collections, so each is read as a whole and kept.
  const auto known = collections_.find(address);
  if (known != collections_.end()) return known->second;
  if (address > static_cast<uint64_t>(file_size_) ||
      file_size_ - static_cast<int64_t>(address) < int64_t{kHeaderBytes}) {
    refuse();
  }
  const auto offset = static_cast<int64_t>(address);
  std::array<std::byte, kHeaderBytes> header{};
  file_.file().read_at(file_.offset_of(address), header);
  const auto size = load<uint64_t>(header.data() + 8);
  if (std::memcmp(header.data(), "GCOL\1", 5) != 0 || size < kHeaderBytes ||
      size > static_cast<uint64_t>(file_size_ - offset) || size > static_cast<uint64_t>(bytes_left_)) {
    refuse();
  }
  bytes_left_ -= static_cast<int64_t>(size);
  file_.take_memory(static_cast<int64_t>(size), kText);
  Collection& added = collections_[address];
  added.bytes.resize(size);
  file_.file().read_at(file_.offset_of(address), added.bytes);
  index_objects(added);
  return added;
}

void GlobalHeap::index_objects(Collection& found) const {
  const std::vector<std::byte>& bytes = found.bytes;
  for (size_t at = kHeaderBytes; bytes.size() - at >= kObjectBytes;) {
    const auto index = load<uint16_t>(bytes.data() + at);
    if (index == 0) return;  // the rest is free
    const auto size = load<uint64_t>(bytes.data() + at + 8);
    at += kObjectBytes;
    if (size > bytes.size() - at) refuse();
    file_.take_memory(kIndexedBytes, kText);
    found.objects.emplace(index, std::string_view(reinterpret_cast<const char*>(bytes.data() + at), size));
    const size_t padded = (size + 7) / 8 * 8;
    // Objects are padded to 8 bytes; the last one may end without padding.
    if (padded > bytes.size() - at) return;
    at += padded;
  }
}

}  // namespace vgg16
