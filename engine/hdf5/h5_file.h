// HDF5 files read without the HDF5 library, whose version 1.10 damaged files can crash: the part of the format in which
// h5py and Keras write by default, and this program does.
//
// Taken: superblocks of version 0 to 3, groups as symbol tables or compact links, object headers of version 1 and 2,
// contiguous, compact and chunked datasets (chunks by a version 1 B-tree, packed by deflate, shuffle and fletcher32),
// numbers and text. Everything else, and all that leads out of the file, is refused. No address, size or count is
// believed: each is compared with the file before it is used. Sections are those of the HDF5 File Format
// Specification, version 3.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/posix_file.h"

namespace vgg16 {

inline constexpr std::string_view kH5Signature = "\x89HDF\r\n\x1a\n";
inline constexpr uint64_t kH5Undefined = UINT64_MAX;  ///< an address that leads nowhere

/// What the values of a dataset or an attribute are (IV.A.2.d).
struct H5Type {
  enum class Kind {
    kInteger,
    kFloat,         ///< IEEE 754: binary16, 32 or 64
    kFixedText,     ///< ends at a zero byte, or is padded with zeros or blanks
    kVariableText,  ///< 16 bytes that refer to the global heap
    kOther
  };
  Kind kind = Kind::kOther;
  int64_t size = 0;  ///< bytes of one value as stored
  bool big_endian = false;
  bool is_signed = false;
  bool blank_padded = false;
};

/// One step between stored chunks and their values (IV.A.2.l).
struct H5Filter {
  enum class Kind { kDeflate = 1, kShuffle = 2, kFletcher32 = 3 };
  Kind kind;
  int64_t element_size;  ///< of kShuffle
};

/// Where the values of a dataset are, and of what kind.
struct H5Dataset {
  enum class Layout { kContiguous, kCompact, kChunked };
  std::string name;  ///< what messages call it
  H5Type type;
  std::vector<int64_t> dims;  ///< their product and the bytes it takes fit an int64_t
  Layout layout = Layout::kContiguous;
  uint64_t address = kH5Undefined;  ///< kContiguous: of the values, all inside the file; kChunked: of the B-tree
  std::vector<std::byte> compact;   ///< kCompact: the values
  std::vector<int64_t> chunk;       ///< kChunked: as many as dims, each at least 1
  std::vector<H5Filter> filters;    ///< kChunked: in the order in which they were applied

  [[nodiscard]] int64_t count() const;
  [[nodiscard]] int64_t size_bytes() const { return count() * type.size; }
};

/// An attribute; of the kind kOther and without a value where it is none of the known types, or not scalar.
struct H5Attribute {
  H5Type type;
  std::vector<std::byte> value;
};

/// Those of an object.
struct H5Attributes {
  std::map<std::string, H5Attribute> by_name;  ///< those in the object's header
  bool elsewhere = false;                      ///< there are others, in a heap of a later format
};

/// A name in a group. Anything but a hard link leads to another place or file.
struct H5Link {
  bool hard = false;
  uint64_t address = kH5Undefined;  ///< of the object's header
};

/// The messages of one object header, joined from its pieces (IV.A.1).
struct H5Object {
  struct Message {
    uint16_t type = 0;
    bool shared = false;  ///< stands for a message elsewhere
    std::vector<std::byte> bytes;
  };
  std::vector<Message> messages;
};

/// An open file. One thread at a time. What is not as the specification says is Error{kRefused}.
class H5File {
 public:
  /// Refuses what is no regular file, does not begin with the signature, or is shorter than it says.
  explicit H5File(PosixFile file);

  [[nodiscard]] const PosixFile& file() const { return file_; }
  [[nodiscard]] PosixFile take_file() { return std::move(file_); }
  [[nodiscard]] const std::string& name() const { return file_.name(); }
  [[nodiscard]] int64_t size() const { return size_; }
  [[nodiscard]] uint64_t root() const { return root_; }

  [[nodiscard]] H5Object object(uint64_t address) const;
  [[nodiscard]] bool is_group(const H5Object& object) const;
  [[nodiscard]] bool is_dataset(const H5Object& object) const;
  /// The names in a group, at most 4,096 of at most 1,024 bytes each.
  [[nodiscard]] std::map<std::string, H5Link> links(const H5Object& group) const;
  /// The dataset behind `object`, its values not looked at. `name` is what messages call it.
  [[nodiscard]] H5Dataset dataset(const H5Object& object, std::string name) const;
  [[nodiscard]] H5Attributes attributes(const H5Object& object) const;
  /// All values, as stored, in parts of whole values.
  void read_parts(const H5Dataset& dataset, const std::function<void(std::span<const std::byte>)>& take) const;
  /// The same in one piece: size_bytes() of them, which the caller has found to be reasonable.
  [[nodiscard]] std::vector<std::byte> read(const H5Dataset& dataset) const;

  /// To be called before `size_bytes` of memory are used for what the file says of `what`. A file may have memory in
  /// proportion to what it takes on its disk, so that one of holes, or of many references to one thing, has little.
  void take_memory(int64_t size_bytes, const std::string& what) const;
  /// What is left of it.
  [[nodiscard]] int64_t memory_left() const { return memory_left_; }

  /// `size` bytes at `address` that describe something. All descriptions together may take a few times what the file
  /// takes on its disk: a file whose parts lead round in circles comes to an end.
  [[nodiscard]] std::vector<std::byte> block(uint64_t address, uint64_t size) const;
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  PosixFile file_;
  int64_t size_;
  mutable int64_t description_left_;
  mutable int64_t memory_left_;
  uint64_t root_ = kH5Undefined;
};

/// Little-endian numbers taken off the front of some bytes; where they run out, the file is refused.
class H5Cursor {
 public:
  H5Cursor(const H5File& file, std::span<const std::byte> bytes) : file_(file), bytes_(bytes) {}

  /// An unsigned number of `size` bytes, 1 to 8.
  uint64_t number(size_t size);
  std::span<const std::byte> take(size_t size);
  void skip(size_t size) { static_cast<void>(take(size)); }
  /// Refuses the file unless the next bytes are `signature`.
  void expect(std::string_view signature);
  [[nodiscard]] size_t left() const { return bytes_.size(); }

 private:
  const H5File& file_;
  std::span<const std::byte> bytes_;
};

/// Product of non-negative numbers, or -1 where it does not fit, or one of them was.
[[nodiscard]] int64_t checked_product(int64_t a, int64_t b);

/// "(3, 4)".
[[nodiscard]] std::string shape_text(std::span<const int64_t> dims);

}  // namespace vgg16
