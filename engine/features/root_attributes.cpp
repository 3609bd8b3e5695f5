#include "features/root_attributes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <deque>
#include <span>
#include <vector>

#include "features/global_heap.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr int64_t kSuperblockBytes = 96;
constexpr size_t kRootHeaderField = 64;      // of the superblock: where the root group's header is
constexpr int64_t kHeaderPrefixBytes = 16;   // version, reserved, messages, references, size, padding
constexpr size_t kMessagePrefixBytes = 8;    // type, size, flags, reserved
constexpr size_t kAttributePrefixBytes = 8;  // version, reserved, sizes of name, type and shape
constexpr uint16_t kAttributeMessage = 0x0C;
constexpr uint16_t kContinuationMessage = 0x10;
constexpr uint32_t kMaxBlockBytes = 1 << 20;  // a header of ours has a few thousand
constexpr size_t kMaxBlocks = 64;

template <class T>
T load(std::span<const std::byte> bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

size_t padded(size_t size) { return (size + 7) / 8 * 8; }

class Reader {
 public:
  explicit Reader(const PosixFile& file) : file_(file), size_(file.status().st_size), heap_(file) {}

  RootAttributes read() {
    const std::vector<std::byte> superblock = block(0, kSuperblockBytes);
    // Version 0, and offsets and lengths of 8 bytes.
    if (load<uint8_t>(superblock, 8) != 0 || load<uint16_t>(superblock, 13) != 0x0808) refuse();
    const auto header = load<uint64_t>(superblock, kRootHeaderField);
    const std::vector<std::byte> prefix = block(header, kHeaderPrefixBytes);
    if (load<uint8_t>(prefix, 0) != 1) refuse();
    blocks_.push_back({header + kHeaderPrefixBytes, load<uint32_t>(prefix, 8)});
    for (size_t i = 0; i < blocks_.size(); ++i) {  // which may grow
      if (blocks_.size() > kMaxBlocks) refuse();
      read_messages(block(blocks_[i].offset, blocks_[i].size));
    }
    return std::move(found_);
  }

 private:
  struct Block {
    uint64_t offset;
    uint64_t size;
  };

  [[noreturn]] void refuse() const {
    throw Error(ErrorCode::kRefused, file_.name() + " is damaged: its attributes are not as this program writes them");
  }

  std::vector<std::byte> block(uint64_t offset, uint64_t size) const {
    const auto end = static_cast<uint64_t>(size_);
    if (size > kMaxBlockBytes || offset > end || size > end - offset) refuse();
    std::vector<std::byte> bytes(size);
    file_.read_at(static_cast<int64_t>(offset), bytes);
    return bytes;
  }

  void read_messages(std::span<const std::byte> messages) {
    while (messages.size() >= kMessagePrefixBytes) {
      const auto type = load<uint16_t>(messages, 0);
      const auto size = load<uint16_t>(messages, 2);
      messages = messages.subspan(kMessagePrefixBytes);
      if (size > messages.size()) refuse();
      const auto message = messages.first(size);
      if (type == kContinuationMessage && size >= 16) {
        blocks_.push_back({load<uint64_t>(message, 0), load<uint64_t>(message, 8)});
      }
      if (type == kAttributeMessage) read_attribute(message);
      messages = messages.subspan(size);
    }
  }

  void read_attribute(std::span<const std::byte> message) {
    if (message.size() < kAttributePrefixBytes || load<uint8_t>(message, 0) != 1) return;
    const size_t name_size = load<uint16_t>(message, 2);
    const size_t type_at = kAttributePrefixBytes + padded(name_size);
    const size_t shape_at = type_at + padded(load<uint16_t>(message, 4));
    const size_t value_at = shape_at + padded(load<uint16_t>(message, 6));
    // A type begins with class, flags and size in 8 bytes, a shape with version and rank.
    if (name_size == 0 || value_at > message.size() || shape_at - type_at < 8 || value_at - shape_at < 8) return;
    const auto* name = reinterpret_cast<const char*>(message.data()) + kAttributePrefixBytes;
    const std::string key(name, std::find(name, name + name_size, '\0'));
    const auto rank = load<uint8_t>(message, shape_at + 1);
    const auto type_class = load<uint8_t>(message, type_at) & 0x0F;
    const auto flags = load<uint8_t>(message, type_at + 1);
    const auto value_size = load<uint32_t>(message, type_at + 4);
    const auto value = message.subspan(value_at);
    if (rank != 0 || value_size > value.size()) return;
    if (type_class == 0 && value_size == 8 && (flags & 1U) == 0) {  // an integer, little-endian
      found_.integers.emplace(key, load<int64_t>(value, 0));
    } else if (type_class == 9 && (flags & 0x0F) == 1 && value_size == HeapReference::kBytes) {  // variable-length text
      found_.texts.emplace(key, heap_.text(HeapReference(value.data())));
    }
  }

  const PosixFile& file_;
  int64_t size_;
  GlobalHeap heap_;
  std::vector<Block> blocks_;
  RootAttributes found_;
};

}  // namespace

RootAttributes read_root_attributes(const PosixFile& file) { return Reader(file).read(); }

}  // namespace vgg16
