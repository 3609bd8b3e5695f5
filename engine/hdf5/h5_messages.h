// The messages of object headers: one function each.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "hdf5/h5_file.h"

namespace vgg16 {

/// Those that matter here (IV.A.2).
struct H5MessageType {
  static constexpr uint16_t kNil = 0x00, kDataspace = 0x01, kLinkInfo = 0x02, kDatatype = 0x03, kLink = 0x06,
                            kExternalFiles = 0x07, kLayout = 0x08, kFilters = 0x0B, kAttribute = 0x0C,
                            kContinuation = 0x10, kSymbolTable = 0x11, kAttributeInfo = 0x15;
};

/// Whether a link info or attribute info message says that names are kept in a heap elsewhere (IV.A.2.c, IV.A.2.v).
/// `index_bytes` is the size of the creation index, where there is one.
[[nodiscard]] bool h5_is_elsewhere(const H5File& file, const H5Object::Message& message, size_t index_bytes);

/// IV.A.2.g.
[[nodiscard]] std::pair<std::string, H5Link> h5_link(const H5File& file, const H5Object::Message& message);

/// IV.A.2.b: the dimensions, none for a scalar; nothing at all for a null space, which holds no values.
[[nodiscard]] std::optional<std::vector<int64_t>> h5_dataspace(const H5File& file, std::span<const std::byte> message);

/// IV.A.2.d.
[[nodiscard]] H5Type h5_datatype(const H5File& file, std::span<const std::byte> message);

/// IV.A.2.i: fills in where the values are; name, type and dims of `dataset` are there.
void h5_layout(const H5File& file, std::span<const std::byte> message, H5Dataset& dataset);

/// IV.A.2.l.
[[nodiscard]] std::vector<H5Filter> h5_filters(const H5File& file, std::span<const std::byte> message,
                                               const std::string& name);

/// IV.A.2.m: the name and the attribute.
[[nodiscard]] std::pair<std::string, H5Attribute> h5_attribute(const H5File& file, std::span<const std::byte> message);

}  // namespace vgg16
