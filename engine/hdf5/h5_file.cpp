// The superblock, object headers and groups.
#include "hdf5/h5_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "hdf5/h5_messages.h"
#include "vgg16/error.h"
#include "vocabulary/file_kind.h"

namespace vgg16 {
namespace {

// Limits far above what real files need, so that a damaged file cannot take much time or memory.
constexpr uint64_t kMaxHeaderBytes = 1 << 20;
constexpr size_t kMaxHeaderPieces = 64;
constexpr size_t kMaxLinks = 4096;
constexpr size_t kMaxNameBytes = 1024;
constexpr int kMaxTreeLevels = 16;
// The budgets of take_memory() and block(): a fixed part and a multiple of what the file occupies on disk. With buffers
// that are not counted, reading takes less than 100 MB plus four times the file. Files of this program need less than
// half of the budget.
constexpr int64_t kFreeMemory = int64_t{48} << 20;
constexpr int64_t kMemoryPerByte = 3;
constexpr int64_t kFreeDescription = int64_t{16} << 20;
constexpr int64_t kDescriptionPerByte = 4;

// What the file occupies on disk, but not more than its size; limited so that a multiple of it does not overflow.
int64_t held_bytes(const PosixFile& file) {
  return std::min({file.allocated_bytes(), int64_t{file.status().st_size}, INT64_MAX / 8});
}

// The blocks of one object header: the first one and its continuations. The list grows while it is read.
struct Pieces {
  struct Piece {
    uint64_t address;
    uint64_t size;
  };
  std::vector<Piece> list;
  uint64_t bytes = 0;

  void add(const H5File& file, uint64_t address, uint64_t size) {
    bytes += std::min(size, kMaxHeaderBytes + 1);
    if (bytes > kMaxHeaderBytes || list.size() == kMaxHeaderPieces) file.refuse("is damaged: an object is too large");
    list.push_back({address, size});
  }
};

// Keeps a message, or, if it is a continuation, adds the block that it points to.
void add_message(const H5File& file, H5Object::Message message, H5Object& object, Pieces& pieces) {
  if (message.type == H5MessageType::kContinuation) {
    H5Cursor cursor(file, message.bytes);
    const uint64_t address = cursor.number(8);
    pieces.add(file, address, cursor.number(8));
  } else if (message.type != H5MessageType::kNil) {
    object.messages.push_back(std::move(message));
  }
}

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

// An object header of version 1 (IV.A.1.a).
H5Object object_1(const H5File& file, uint64_t address) {
  const std::vector<std::byte> prefix = file.block(address, 16);
  H5Cursor start(file, prefix);
  start.skip(8);  // version, messages, references
  Pieces pieces;
  pieces.add(file, address + 16, start.number(4));
  H5Object object;
  for (size_t i = 0; i < pieces.list.size(); ++i) {
    const std::vector<std::byte> bytes = file.block(pieces.list[i].address, pieces.list[i].size);
    H5Cursor cursor(file, bytes);
    while (cursor.left() >= 8) {
      H5Object::Message message;
      message.type = static_cast<uint16_t>(cursor.number(2));
      const uint64_t size = cursor.number(2);
      message.shared = (cursor.number(1) & 2U) != 0;
      cursor.skip(3);
      message.bytes = copy_of(cursor.take(size));
      add_message(file, std::move(message), object, pieces);
    }
  }
  return object;
}

// An object header of version 2 (IV.A.1.b). Its checksums are not verified: everything is checked anyway, because a
// hostile file can have valid checksums.
H5Object object_2(const H5File& file, uint64_t address) {
  constexpr uint64_t kMaxPrefixBytes = 34;
  const uint64_t there = std::min(kMaxPrefixBytes, static_cast<uint64_t>(file.size()) - address);
  const std::vector<std::byte> prefix = file.block(address, there);
  H5Cursor start(file, prefix);
  start.expect("OHDR\2");
  const uint64_t flags = start.number(1);
  if ((flags & 0x20U) != 0) start.skip(16);  // times
  if ((flags & 0x10U) != 0) start.skip(4);   // limits from which attributes would be stored in a heap
  const uint64_t size = start.number(size_t{1} << (flags & 3U));
  Pieces pieces;
  pieces.add(file, address + (there - start.left()), size);
  H5Object object;
  for (size_t i = 0; i < pieces.list.size(); ++i) {
    std::vector<std::byte> bytes = file.block(pieces.list[i].address, pieces.list[i].size);
    if (i > 0 && bytes.size() >= 4) bytes.resize(bytes.size() - 4);  // the checksum; the first block's size excludes it
    H5Cursor cursor(file, bytes);
    if (i > 0) cursor.expect("OCHK");
    const size_t prefix_bytes = (flags & 4U) != 0 ? 6 : 4;
    while (cursor.left() >= prefix_bytes) {
      H5Object::Message message;
      message.type = static_cast<uint16_t>(cursor.number(1));
      const uint64_t message_size = cursor.number(2);
      message.shared = (cursor.number(1) & 2U) != 0;
      if ((flags & 4U) != 0) cursor.skip(2);
      message.bytes = copy_of(cursor.take(message_size));
      add_message(file, std::move(message), object, pieces);
    }
  }
  return object;
}

// The entries of a group in the old format: a B-tree whose leaves are symbol table nodes, and a local heap with the
// names (III.A.1, III.B, III.C, III.D).
class SymbolTable {
 public:
  SymbolTable(const H5File& file, const H5Object::Message& message) : file_(file) {
    H5Cursor cursor(file, message.bytes);
    tree_ = cursor.number(8);
    const std::vector<std::byte> heap = file.block(cursor.number(8), 32);
    H5Cursor fields(file, heap);
    fields.expect(std::string_view("HEAP\0", 5));
    fields.skip(3);
    const uint64_t size = fields.number(8);
    if (size > kMaxLinks * kMaxNameBytes) refuse();
    fields.skip(8);  // free space
    names_ = file.block(fields.number(8), size);
  }

  std::map<std::string, H5Link> links() {
    visit_tree(tree_, kMaxTreeLevels);
    return std::move(links_);
  }

 private:
  // Levels must decrease from node to node, so a cycle ends after kMaxTreeLevels steps.
  void visit_tree(uint64_t address, int levels_left) {
    if (levels_left == 0) refuse();
    const std::vector<std::byte> head = file_.block(address, 24);
    H5Cursor fields(file_, head);
    fields.expect(std::string_view("TREE\0", 5));
    const uint64_t level = fields.number(1);
    const uint64_t entries = fields.number(2);
    if (level >= static_cast<uint64_t>(levels_left)) refuse();
    const std::vector<std::byte> bytes = file_.block(address + 24, 16 * entries);
    H5Cursor cursor(file_, bytes);
    for (uint64_t i = 0; i < entries; ++i) {
      cursor.skip(8);  // a key, which is needed only for searching
      const uint64_t child = cursor.number(8);
      if (level == 0) {
        visit_node(child);
      } else {
        visit_tree(child, static_cast<int>(level));
      }
    }
  }

  void visit_node(uint64_t address) {
    const std::vector<std::byte> head = file_.block(address, 8);
    H5Cursor fields(file_, head);
    fields.expect("SNOD\1");
    fields.skip(1);
    const uint64_t entries = fields.number(2);
    const std::vector<std::byte> bytes = file_.block(address + 8, 40 * entries);
    H5Cursor cursor(file_, bytes);
    for (uint64_t i = 0; i < entries; ++i) {
      const std::string name = name_at(cursor.number(8));
      H5Link link;
      link.address = cursor.number(8);
      link.hard = cursor.number(4) != 2;  // cache type 2: the entry is a symbolic link
      cursor.skip(20);
      if (links_.size() == kMaxLinks || !links_.emplace(name, link).second) refuse();
    }
  }

  // A zero-terminated name in the local heap.
  std::string name_at(uint64_t offset) const {
    if (offset >= names_.size()) refuse();
    const auto* begin = reinterpret_cast<const char*>(names_.data()) + offset;
    const auto* end = reinterpret_cast<const char*>(names_.data()) + names_.size();
    const auto* zero = std::find(begin, end, '\0');
    if (zero == end || static_cast<size_t>(zero - begin) > kMaxNameBytes) refuse();
    return {begin, zero};
  }

  [[noreturn]] void refuse() const { file_.refuse("is damaged: a group cannot be listed"); }

  const H5File& file_;
  uint64_t tree_;
  std::vector<std::byte> names_;
  std::map<std::string, H5Link> links_;
};

bool has_message(const H5Object& object, uint16_t type) {
  return std::any_of(object.messages.begin(), object.messages.end(), [&](const auto& m) { return m.type == type; });
}

// Where the signature is: at 0 or, behind a user block, at 512, 1024, 2048, ... (II.A). Nothing if it is nowhere.
std::optional<int64_t> find_signature(const PosixFile& file) {
  const int64_t size = file.status().st_size;
  std::array<std::byte, kHdf5Signature.size()> found{};
  for (int64_t at = 0; at <= size - static_cast<int64_t>(found.size()); at = at == 0 ? 512 : 2 * at) {
    file.read_at(at, found);
    if (std::memcmp(found.data(), kHdf5Signature.data(), found.size()) == 0) return at;
    if (at > size / 2) break;  // twice as much may not be a number
  }
  return std::nullopt;
}

}  // namespace

FileKind h5_or_other_kind(const PosixFile& file) {
  std::vector<std::byte> start(std::min(kFileKindBytes, static_cast<size_t>(file.status().st_size)));
  file.read_at(0, start);
  const FileKind kind = file_kind(start);
  return kind != FileKind::kMatlab73 && find_signature(file) ? FileKind::kHdf5 : kind;
}

H5File::H5File(PosixFile file)
    : file_(std::move(file)),
      start_(S_ISREG(file_.status().st_mode) ? find_signature(file_).value_or(0) : 0),
      size_(file_.status().st_size - start_),
      description_left_(kFreeDescription + kDescriptionPerByte * held_bytes(file_)),
      memory_left_(kFreeMemory + kMemoryPerByte * held_bytes(file_)) {
  if (!S_ISREG(file_.status().st_mode)) refuse("is not a regular file");
  // Superblock (II.A, II.B): version 0 and 1 have 96 and 100 bytes, 2 and 3 have 48.
  const std::vector<std::byte> bytes = block(0, static_cast<uint64_t>(std::min<int64_t>(size_, 100)));
  H5Cursor cursor(*this, bytes);
  cursor.expect(kHdf5Signature);
  const uint64_t version = cursor.number(1);
  if (version > 3) refuse("was written in a later HDF5 format than is supported; write it with libver='earliest'");
  // The two groups of versions have the same fields in different places.
  if (version < 2) cursor.skip(4);  // versions, reserved
  if (cursor.number(2) != 0x0808) refuse("has addresses or lengths of other than 8 bytes, which is not supported");
  bool open_for_writing = false;
  if (version < 2) {
    cursor.skip(version == 0 ? 9 : 13);  // reserved, the sizes of tree nodes, flags
  } else {
    open_for_writing = cursor.number(1) != 0;
  }
  const uint64_t base = cursor.number(8);
  cursor.skip(8);
  const uint64_t end = cursor.number(8);
  if (version < 2) cursor.skip(16);  // driver information, name of the root group
  root_ = cursor.number(8);
  // 0 if the user block was put before a finished file; the HDF5 library, too, then counts from the signature.
  if (base != 0 && base != static_cast<uint64_t>(start_)) {
    refuse("is damaged: its superblock's base address is " + std::to_string(base) + ", expected " +
           std::to_string(start_));
  }
  // The recorded end of file detects truncation before any data is read.
  if (end < base || end - base > static_cast<uint64_t>(size_)) {
    refuse("was cut short: it should have " + std::to_string(end - base + static_cast<uint64_t>(start_)) + " bytes");
  }
  // The flags say that a program has the file open for writing (bit 0; bit 2 for SWMR): it may still change it, or has
  // crashed.
  if (open_for_writing) refuse("was not closed by the program that wrote it");
}

void H5File::refuse(const std::string& what) const { throw Error(ErrorCode::kRefused, name() + " " + what); }

// A negative size is a product that overflowed (checked_product).
void H5File::take_memory(int64_t size_bytes, const std::string& what) const {
  if (size_bytes < 0 || size_bytes > memory_left_) {
    refuse("is refused: " + what + " would take " + (size_bytes < 0 ? "any amount" : readable_size(size_bytes)) +
           " of memory, too much for a file that takes " + readable_size(file_.allocated_bytes()) + " on its disk");
  }
  memory_left_ -= size_bytes;
}

std::vector<std::byte> H5File::block(uint64_t address, uint64_t size) const {
  const auto end = static_cast<uint64_t>(size_);
  if (address > end || size > end - address)
    refuse("is damaged or was cut short: a part of it would lie beyond its end");
  if (size > static_cast<uint64_t>(description_left_))
    refuse("is damaged: its structures refer to one another in a cycle");
  description_left_ -= static_cast<int64_t>(size);
  std::vector<std::byte> bytes(size);
  file_.read_at(offset_of(address), bytes);
  return bytes;
}

// Version 1 headers begin with their version, 1; version 2 with the signature "OHDR".
H5Object H5File::object(uint64_t address) const {
  const std::vector<std::byte> first = block(address, 4);
  if (first[0] == std::byte{1}) return object_1(*this, address);
  return object_2(*this, address);
}

bool H5File::is_group(const H5Object& object) const {
  return has_message(object, H5MessageType::kSymbolTable) || has_message(object, H5MessageType::kLinkInfo);
}

bool H5File::is_dataset(const H5Object& object) const {
  return has_message(object, H5MessageType::kLayout) && has_message(object, H5MessageType::kDataspace);
}

std::map<std::string, H5Link> H5File::links(const H5Object& group) const {
  std::map<std::string, H5Link> links;
  for (const H5Object::Message& message : group.messages) {
    if (message.type == H5MessageType::kSymbolTable) {
      links.merge(SymbolTable(*this, message).links());
    } else if (message.type == H5MessageType::kLinkInfo && h5_is_elsewhere(*this, message, /*index_bytes=*/8)) {
      refuse(std::string("keeps the names of a group in a later HDF5 format") + kH5CopyAdvice);
    } else if (message.type == H5MessageType::kLink) {
      auto [name, link] = h5_link(*this, message);
      if (name.size() > kMaxNameBytes || !links.emplace(std::move(name), link).second) {
        refuse("is damaged: a group cannot be listed");
      }
    }
  }
  return links;
}

uint64_t H5Cursor::number(size_t size) {
  const std::span<const std::byte> bytes = take(size);
  uint64_t value = 0;
  std::memcpy(&value, bytes.data(), size);
  return value;
}

std::span<const std::byte> H5Cursor::take(size_t size) {
  if (size > bytes_.size()) file_.refuse("is damaged: a structure in it is shorter than its contents");
  const auto taken = bytes_.first(size);
  bytes_ = bytes_.subspan(size);
  return taken;
}

void H5Cursor::expect(std::string_view signature) {
  if (std::memcmp(take(signature.size()).data(), signature.data(), signature.size()) != 0) {
    file_.refuse("is damaged: the signature " + printable(std::string(signature.substr(0, 4))) +
                 " is missing where it is expected");
  }
}

}  // namespace vgg16
