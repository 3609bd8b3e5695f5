// Parsing the messages of object headers, one function per message type. All throw Error{kRefused}.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "hdf5/h5_file.h"

namespace vgg16 {

/// The message types that are used here (IV.A.2).
struct H5MessageType {
  static constexpr uint16_t kNil = 0x00, kDataspace = 0x01, kLinkInfo = 0x02, kDatatype = 0x03, kLink = 0x06,
                            kExternalFiles = 0x07, kLayout = 0x08, kFilters = 0x0B, kAttribute = 0x0C,
                            kContinuation = 0x10, kSymbolTable = 0x11, kAttributeInfo = 0x15;
};

/// Whether a link info or attribute info message says that there is a fractal heap with further entries (IV.A.2.c,
/// IV.A.2.v). `index_bytes` is the size of the message's optional "maximum creation index" field.
[[nodiscard]] bool h5_is_elsewhere(const H5File& file, const H5Object::Message& message, size_t index_bytes);

/// A link message (IV.A.2.g): the name and the link.
[[nodiscard]] std::pair<std::string, H5Link> h5_link(const H5File& file, const H5Object::Message& message);

/// The dimensions of a dataset, none for a scalar, and those to which it may grow (INT64_MAX: without a limit).
struct H5Shape {
  std::vector<int64_t> dims;
  std::vector<int64_t> max_dims;
};

/// A dataspace message (IV.A.2.b): nullopt for a null space (no values).
[[nodiscard]] std::optional<H5Shape> h5_dataspace(const H5File& file, std::span<const std::byte> message);

/// A datatype message (IV.A.2.d).
[[nodiscard]] H5Type h5_datatype(const H5File& file, std::span<const std::byte> message);

/// A data layout message (IV.A.2.i): sets layout, address, compact, chunk and the index of `dataset`, whose name, type
/// and dims must be set.
void h5_layout(const H5File& file, std::span<const std::byte> message, H5Dataset& dataset);

/// A filter pipeline message (IV.A.2.l); `name` is the dataset's.
[[nodiscard]] std::vector<H5Filter> h5_filters(const H5File& file, std::span<const std::byte> message,
                                               const std::string& name);

/// An attribute message (IV.A.2.m): the name and the attribute.
[[nodiscard]] std::pair<std::string, H5Attribute> h5_attribute(const H5File& file, std::span<const std::byte> message);

}  // namespace vgg16
