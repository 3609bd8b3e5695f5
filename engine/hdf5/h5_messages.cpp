#include "hdf5/h5_messages.h"

#include <algorithm>
#include <array>

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

// Fields of old message versions are padded to 8 bytes.
size_t padded(size_t size) { return (size + 7) / 8 * 8; }

std::string in_quotes(const std::string& name) { return "'" + name + "'"; }

// Whether a floating-point type is IEEE 754's binary16, binary32 or binary64 (IV.A.2.d, class 1). The format can
// describe any other placement of sign, exponent and mantissa; those are not supported.
bool is_ieee(H5Cursor& cursor, uint64_t flags, int64_t size) {
  struct Format {
    int64_t size;
    // Bit offset, precision; position and size of exponent, of mantissa; bias; sign bit.
    std::array<uint64_t, 8> fields;
  };
  constexpr std::array<Format, 3> kFormats = {
      {{2, {0, 16, 10, 5, 0, 10, 15, 15}}, {4, {0, 32, 23, 8, 0, 23, 127, 31}}, {8, {0, 64, 52, 11, 0, 52, 1023, 63}}}};
  std::array<uint64_t, 8> found{};
  constexpr std::array<size_t, 7> kSizes = {2, 2, 1, 1, 1, 1, 4};
  for (size_t i = 0; i < kSizes.size(); ++i) found[i] = cursor.number(kSizes[i]);
  found[7] = flags >> 8U & 0xFFU;
  const bool leading_one_implied = (flags >> 4U & 3U) == 2;
  return leading_one_implied && (flags & 0x40U) == 0 &&
         std::any_of(kFormats.begin(), kFormats.end(),
                     [&](const Format& format) { return format.size == size && format.fields == found; });
}

// An integer type of `size` bytes (IV.A.2.d, class 0); kOther unless its bit offset is 0 and all its bits are used.
H5Type integer_type(H5Cursor& cursor, uint64_t flags, int64_t size) {
  H5Type type;
  type.size = size;
  const bool whole = cursor.number(2) == 0 && static_cast<int64_t>(cursor.number(2)) == 8 * size;
  const bool known = size == 1 || size == 2 || size == 4 || size == 8;
  if (whole && known) type.kind = H5Type::Kind::kInteger;
  type.big_endian = (flags & 1U) != 0;
  type.is_signed = (flags & 8U) != 0;
  return type;
}

// An enumeration of `members` values (IV.A.2.d, class 8): its base type, the names, the values. kOther unless the base
// is an integer type of the same size.
H5Type enumeration_type(H5Cursor& cursor, uint64_t version, uint64_t members, int64_t size) {
  H5Type type;
  type.size = size;
  const uint64_t base_kind = cursor.number(1) & 0x0FU;
  const uint64_t base_flags = cursor.number(3);
  if (base_kind != 0 || static_cast<int64_t>(cursor.number(4)) != size) return type;
  type = integer_type(cursor, base_flags, size);
  // Up to version 2 names are padded to 8 bytes.
  const std::string_view names = version < 3 ? "FALSE\0\0\0TRUE\0\0\0\0"sv : "FALSE\0TRUE\0"sv;
  if (members != 2 || size != 1 || cursor.left() < names.size() + 2) return type;
  const auto found = cursor.take(names.size());
  type.is_bool =
      std::equal(names.begin(), names.end(), reinterpret_cast<const char*>(found.data())) && cursor.number(2) == 0x0100;
  return type;
}

int64_t dimension(const H5File& file, uint64_t value) {
  if (value > uint64_t{INT64_MAX}) file.refuse("is damaged: it claims impossible dimensions");
  return static_cast<int64_t>(value);
}

// The sizes of a chunk in `bytes` bytes each, and, as one dimension more, the size of a value.
void chunk_shape(const H5File& file, H5Cursor& cursor, uint64_t rank, uint64_t bytes, H5Dataset& dataset) {
  const auto refuse = [&] {
    file.refuse("is damaged: impossible sizes or positions of the chunks of " + in_quotes(dataset.name));
  };
  if (rank < 2 || rank != dataset.dims.size() + 1 || bytes < 1 || bytes > 8) refuse();
  for (uint64_t i = 0; i + 1 < rank; ++i) {
    const uint64_t size = cursor.number(bytes);
    if (size == 0 || size > UINT32_MAX) refuse();
    dataset.chunk.push_back(static_cast<int64_t>(size));
  }
  if (cursor.number(bytes) != static_cast<uint64_t>(dataset.type.size)) refuse();
}

// The chunked layout of versions 4 and 5, which are what libver='latest' writes (IV.A.2.i).
void later_chunks(const H5File& file, H5Cursor& cursor, H5Dataset& dataset) {
  const uint64_t flags = cursor.number(1);
  const uint64_t rank = cursor.number(1);
  chunk_shape(file, cursor, rank, cursor.number(1), dataset);
  const uint64_t index = cursor.number(1);
  constexpr uint64_t kEdgesNotFiltered = 1;
  constexpr uint64_t kSingleIsFiltered = 2;
  if ((flags & kEdgesNotFiltered) != 0 || (index != 1 && index != 3)) {
    file.refuse("keeps " + in_quotes(dataset.name) + " in chunks of a later HDF5 format" + kH5CopyAdvice);
  }
  dataset.chunk_index = index == 1 ? H5Dataset::ChunkIndex::kSingle : H5Dataset::ChunkIndex::kFixedArray;
  if (index == 1 && (flags & kSingleIsFiltered) != 0) {
    dataset.single_bytes = cursor.number(8);
    dataset.single_filters_left_out = cursor.number(4);
  }
  if (index == 3) cursor.skip(1);  // the size of a page, which the array's header has as well
  dataset.address = cursor.number(8);
}

// What HDF5's registry of filters calls those that people use most.
std::string filter_name(uint64_t id) {
  switch (id) {
    case 4:
      return "szip";
    case 5:
      return "nbit";
    case 6:
      return "scaleoffset";
    case 32000:
      return "lzf";
    case 32001:
      return "blosc";
    case 32004:
      return "lz4";
    case 32015:
      return "zstd";
    default:
      return "filter " + std::to_string(id);
  }
}

}  // namespace

bool h5_is_elsewhere(const H5File& file, const H5Object::Message& message, size_t index_bytes) {
  H5Cursor cursor(file, message.bytes);
  cursor.skip(1);  // version
  if ((cursor.number(1) & 1U) != 0) cursor.skip(index_bytes);
  return cursor.number(8) != kH5Undefined;
}

std::pair<std::string, H5Link> h5_link(const H5File& file, const H5Object::Message& message) {
  H5Cursor cursor(file, message.bytes);
  cursor.skip(1);  // version
  const uint64_t flags = cursor.number(1);
  const uint64_t kind = (flags & 8U) != 0 ? cursor.number(1) : 0;
  if ((flags & 4U) != 0) cursor.skip(8);   // order of creation
  if ((flags & 16U) != 0) cursor.skip(1);  // character set
  const auto name = cursor.take(cursor.number(size_t{1} << (flags & 3U)));
  H5Link link;
  link.hard = kind == 0;
  if (link.hard) link.address = cursor.number(8);
  return {{reinterpret_cast<const char*>(name.data()), name.size()}, link};
}

std::optional<H5Shape> h5_dataspace(const H5File& file, std::span<const std::byte> message) {
  H5Cursor cursor(file, message);
  const uint64_t version = cursor.number(1);
  const uint64_t rank = cursor.number(1);
  const bool may_grow = (cursor.number(1) & 1U) != 0;
  if (version != 1 && version != 2) file.refuse("is damaged: a shape has an unknown version");
  if (version == 2 && cursor.number(1) == 2) return std::nullopt;
  if (version == 1) cursor.skip(5);
  if (rank > 8) file.refuse("has more than 8 dimensions in one of its datasets");
  H5Shape shape;
  for (uint64_t i = 0; i < rank; ++i) shape.dims.push_back(dimension(file, cursor.number(8)));
  shape.max_dims = shape.dims;
  for (uint64_t i = 0; may_grow && i < rank; ++i) {
    shape.max_dims[i] = static_cast<int64_t>(std::min<uint64_t>(cursor.number(8), INT64_MAX));
  }
  return shape;
}

H5Type h5_datatype(const H5File& file, std::span<const std::byte> message) {
  H5Cursor cursor(file, message);
  const uint64_t kind_and_version = cursor.number(1);
  const uint64_t kind = kind_and_version & 0x0FU;
  const uint64_t flags = cursor.number(3);
  H5Type type;
  type.size = static_cast<int64_t>(cursor.number(4));
  if (type.size == 0) file.refuse("is damaged: a type of no bytes");
  type.big_endian = (flags & 1U) != 0;
  if (kind == 0) {
    type = integer_type(cursor, flags, type.size);
  } else if (kind == 8) {
    type = enumeration_type(cursor, kind_and_version >> 4U, flags & 0xFFFFU, type.size);
  } else if (kind == 1 && is_ieee(cursor, flags, type.size)) {
    type.kind = H5Type::Kind::kFloat;
  } else if (kind == 3) {
    type.kind = H5Type::Kind::kFixedText;
    type.blank_padded = (flags & 0x0FU) == 2;
  } else if (kind == 9 && (flags & 0x0FU) == 1 && type.size == 16) {
    type.kind = H5Type::Kind::kVariableText;
  }
  return type;
}

void h5_layout(const H5File& file, std::span<const std::byte> message, H5Dataset& dataset) {
  H5Cursor cursor(file, message);
  const uint64_t version = cursor.number(1);
  const uint64_t layout = cursor.number(1);
  if (version < 3 || version > 5) {
    file.refuse("keeps " + in_quotes(dataset.name) + " in a layout that is not supported" + kH5CopyAdvice);
  }
  // Named explicitly, because it is the one layout that could make the reader open other files.
  if (layout == 3)
    file.refuse("is refused: " + in_quotes(dataset.name) + " is a virtual dataset, which reads other files");
  if (layout == 0) {
    dataset.layout = H5Dataset::Layout::kCompact;
    const auto values = cursor.take(cursor.number(2));
    dataset.compact.assign(values.begin(), values.end());
  } else if (layout == 1) {
    dataset.layout = H5Dataset::Layout::kContiguous;
    dataset.address = cursor.number(8);
  } else if (layout == 2 && version == 3) {
    dataset.layout = H5Dataset::Layout::kChunked;
    const uint64_t rank = cursor.number(1);
    dataset.address = cursor.number(8);
    chunk_shape(file, cursor, rank, 4, dataset);
  } else if (layout == 2) {
    dataset.layout = H5Dataset::Layout::kChunked;
    later_chunks(file, cursor, dataset);
  } else {
    file.refuse("is damaged: " + in_quotes(dataset.name) + " has an unknown layout");
  }
}

std::vector<H5Filter> h5_filters(const H5File& file, std::span<const std::byte> message, const std::string& name) {
  H5Cursor cursor(file, message);
  const uint64_t version = cursor.number(1);
  const uint64_t count = cursor.number(1);
  constexpr uint64_t kMaxFilters = 32;
  if ((version != 1 && version != 2) || count > kMaxFilters) {
    file.refuse("is damaged: the filters of " + in_quotes(name));
  }
  if (version == 1) cursor.skip(6);
  std::vector<H5Filter> filters;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t id = cursor.number(2);
    // Version 2 omits the names of the predefined filters.
    const size_t name_bytes = version == 1 || id >= 256 ? cursor.number(2) : 0;
    cursor.skip(2);  // flags
    const uint64_t values = cursor.number(2);
    cursor.skip(version == 1 ? padded(name_bytes) : name_bytes);
    // Other filters would need plugins or further libraries.
    if (id < 1 || id > 3) {
      file.refuse("stores " + in_quotes(name) + " with " + filter_name(id) +
                  "; expected gzip, shuffle, fletcher32 or none" + kH5CopyAdvice);
    }
    const auto first = static_cast<int64_t>(values > 0 ? cursor.number(4) : 0);
    if (values > 1) cursor.skip(4 * (values - 1));
    if (version == 1 && values % 2 == 1) cursor.skip(4);
    filters.push_back({static_cast<H5Filter::Kind>(id), first});
  }
  return filters;
}

std::pair<std::string, H5Attribute> h5_attribute(const H5File& file, std::span<const std::byte> message) {
  H5Cursor cursor(file, message);
  const uint64_t version = cursor.number(1);
  const uint64_t flags = cursor.number(1);
  const size_t name_bytes = cursor.number(2);
  const size_t type_bytes = cursor.number(2);
  const size_t shape_bytes = cursor.number(2);
  if (version < 1 || version > 3) file.refuse("is damaged: an attribute has an unknown version");
  if (version == 3) cursor.skip(1);  // character set
  const auto field = [&](size_t size) {
    const auto bytes = cursor.take(version == 1 ? padded(size) : size);
    return bytes.first(size);
  };
  const auto name = field(name_bytes);
  const auto* begin = reinterpret_cast<const char*>(name.data());
  std::pair<std::string, H5Attribute> found{std::string(begin, std::find(begin, begin + name.size(), '\0')), {}};
  const auto type = field(type_bytes);
  const auto shape = field(shape_bytes);
  if (version > 1 && flags != 0) return found;  // a shared type or shape, which is not supported
  found.second.type = h5_datatype(file, type);
  // Arrays and null spaces are not needed: this program's attributes are scalars.
  const auto space = h5_dataspace(file, shape);
  if (!space || !space->dims.empty() || cursor.left() < static_cast<size_t>(found.second.type.size)) {
    found.second.type.kind = H5Type::Kind::kOther;
    return found;
  }
  const auto value = cursor.take(static_cast<size_t>(found.second.type.size));
  found.second.value.assign(value.begin(), value.end());
  return found;
}

}  // namespace vgg16
