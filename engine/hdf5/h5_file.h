// Reading HDF5 files without the HDF5 library, which damaged files can crash (version 1.10).
//
// Supported is what h5py, Keras and this program write by default: superblocks of version 0 to 3, groups as symbol
// tables or compact links, object headers of version 1 and 2, contiguous, compact and chunked datasets (version 1
// B-trees, fixed arrays, single chunks; deflate, shuffle and fletcher32), numbers and text, and a user block before
// all. Everything else, and all references to other files, is refused. Files are not trusted: every address, size and
// count is compared with the file before it is used. Section numbers are those of the HDF5 File Format Specification,
// version 3.0.
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
#include "vocabulary/file_kind.h"

namespace vgg16 {

inline constexpr uint64_t kH5Undefined = UINT64_MAX;  ///< the format's "undefined address", its null pointer

/// The type of the values of a dataset or an attribute (IV.A.2.d).
struct H5Type {
  enum class Kind {
    kInteger,       ///< also an enumeration, which is stored as integers
    kFloat,         ///< IEEE 754: binary16, 32 or 64
    kFixedText,     ///< ends at a zero byte, or is padded with zeros or blanks
    kVariableText,  ///< 16 bytes that refer to the global heap
    kOther          ///< a type that is not supported
  };
  Kind kind = Kind::kOther;
  int64_t size = 0;  ///< bytes of one value as stored
  bool big_endian = false;
  bool is_signed = false;
  bool is_bool = false;  ///< kInteger: 0 is False and 1 is True, as h5py stores NumPy's bool
  bool blank_padded = false;
};

/// A filter that was applied to chunks before they were stored (IV.A.2.l).
struct H5Filter {
  enum class Kind { kDeflate = 1, kShuffle = 2, kFletcher32 = 3 };
  Kind kind;
  int64_t element_size;  ///< of kShuffle
};

/// The type, shape and location of a dataset's values.
struct H5Dataset {
  enum class Layout { kContiguous, kCompact, kChunked };
  std::string name;  ///< for messages
  H5Type type;
  std::vector<int64_t> dims;  ///< checked: count() and size_bytes() do not overflow
  Layout layout = Layout::kContiguous;
  uint64_t address = kH5Undefined;  ///< kContiguous: of the values, all inside the file; kChunked: of the index
  std::vector<std::byte> compact;   ///< kCompact: the values
  std::vector<int64_t> chunk;       ///< kChunked: as many as dims, each at least 1
  std::vector<H5Filter> filters;    ///< kChunked: in the order in which they were applied
  /// kChunked: where the chunks are: listed in a version 1 B-tree or a fixed array, or at `address`, because there is
  /// one.
  enum class ChunkIndex { kTree, kFixedArray, kSingle };
  ChunkIndex chunk_index = ChunkIndex::kTree;
  std::vector<int64_t> max_dims;         ///< to which it may grow; INT64_MAX without a limit
  uint64_t single_bytes = 0;             ///< kSingle: stored size; 0 without filters
  uint64_t single_filters_left_out = 0;  ///< kSingle: bit i: filter i was not applied

  [[nodiscard]] int64_t count() const;
  [[nodiscard]] int64_t size_bytes() const { return count() * type.size; }
};

/// An attribute. If it is not scalar, or of a type that is not supported, its kind is kOther and it has no value.
struct H5Attribute {
  H5Type type;
  std::vector<std::byte> value;
};

/// The attributes of an object.
struct H5Attributes {
  std::map<std::string, H5Attribute> by_name;  ///< those in the object's header
  bool elsewhere = false;                      ///< there are others, in a fractal heap, which cannot be read here
};

/// An entry of a group. Soft and external links (hard == false) are never followed.
struct H5Link {
  bool hard = false;
  uint64_t address = kH5Undefined;  ///< of the object's header
};

/// The messages of one object header, collected from all its blocks (IV.A.1).
struct H5Object {
  struct Message {
    uint16_t type = 0;
    bool shared = false;  ///< `bytes` only refers to a message in another object
    std::vector<std::byte> bytes;
  };
  std::vector<Message> messages;
};

/// As file_kind() of the first bytes of a regular file, but kHdf5 also for HDF5 behind a user block, whatever that
/// holds (except MATLAB's, which is a kind of its own). Throws Error{kIo}.
[[nodiscard]] FileKind h5_or_other_kind(const PosixFile& file);

/// What messages say of a file that h5py can read and this reader cannot.
inline constexpr const char* kH5CopyAdvice =
    "; copy it with python3 -c \"import h5py; out = h5py.File('OUT.h5', 'w'); h5py.File('IN.h5').visititems("
    "lambda k, v: out.__setitem__(k, v[()]) if isinstance(v, h5py.Dataset) else None)\"";

/// An open file. One thread at a time. All members throw Error{kRefused} for what violates the specification or is not
/// supported, and Error{kIo}.
class H5File {
 public:
  /// Refuses anything but a regular file that begins with the signature, perhaps behind a user block, and is at least
  /// as long as it says.
  explicit H5File(PosixFile file);

  [[nodiscard]] const PosixFile& file() const { return file_; }
  [[nodiscard]] PosixFile take_file() { return std::move(file_); }
  [[nodiscard]] const std::string& name() const { return file_.name(); }
  /// Bytes from the signature to the end of the file. Addresses in the file count from the signature as well.
  [[nodiscard]] int64_t size() const { return size_; }
  /// The offset in the file of an address: further by the size of the user block, which is mostly 0.
  [[nodiscard]] int64_t offset_of(uint64_t address) const { return start_ + static_cast<int64_t>(address); }
  [[nodiscard]] uint64_t root() const { return root_; }

  [[nodiscard]] H5Object object(uint64_t address) const;
  [[nodiscard]] bool is_group(const H5Object& object) const;
  [[nodiscard]] bool is_dataset(const H5Object& object) const;
  /// The entries of a group, at most 4,096 with names of at most 1,024 bytes.
  [[nodiscard]] std::map<std::string, H5Link> links(const H5Object& group) const;
  /// Describes the dataset `object` without reading its values. Messages call it `name`.
  [[nodiscard]] H5Dataset dataset(const H5Object& object, std::string name) const;
  [[nodiscard]] H5Attributes attributes(const H5Object& object) const;
  /// Calls `take` with all values in order, in their stored type, in parts of about 1 MB.
  void read_parts(const H5Dataset& dataset, const std::function<void(std::span<const std::byte>)>& take) const;
  /// All values in one array of dataset.size_bytes(), for which the caller must have called take_memory().
  [[nodiscard]] std::vector<std::byte> read(const H5Dataset& dataset) const;

  /// To be called before `size_bytes` are allocated because of what the file says about `what`; refuses if the file has
  /// used up its budget. The budget is proportional to what the file occupies on disk, so a small file (sparse, or with
  /// many references to one thing) cannot make the reader allocate much.
  void take_memory(int64_t size_bytes, const std::string& what) const;
  /// The rest of that budget.
  [[nodiscard]] int64_t memory_left() const { return memory_left_; }

  /// Reads `size` bytes of structure at `address`. All calls together may read a few times what the file occupies on
  /// disk, so that a cycle of references ends with an error.
  [[nodiscard]] std::vector<std::byte> block(uint64_t address, uint64_t size) const;
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  PosixFile file_;
  int64_t start_;
  int64_t size_;
  mutable int64_t description_left_;
  mutable int64_t memory_left_;
  uint64_t root_ = kH5Undefined;
};

/// Reads little-endian numbers one after another from some bytes; refuses the file if there are not enough.
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

/// The product of two non-negative numbers; -1 if it overflows or one of them is negative.
[[nodiscard]] int64_t checked_product(int64_t a, int64_t b);

}  // namespace vgg16
