// Reading and writing the safetensors format: a JSON header with names, types and shapes, then the tensors' bytes.
// Strict: a file with anything unexpected is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

/// One tensor of a parsed file. A view: `bytes` points into the memory that was parsed, little-endian, row-major.
struct TensorView {
  std::string dtype;  ///< "F16", "F32", "F64" or "U32"
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

struct SafetensorsView {
  std::map<std::string, TensorView, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Checks the safetensors file in `bytes` and returns views of its tensors. Messages call it `name`, which must be
/// escaped. Accepts exactly: an 8-byte little-endian header length of at most 16 MB that lies within the file; one JSON
/// object without duplicate keys and of at most 512 tensors; dtypes F16, F32, F64, U32; non-negative dimensions, at
/// most 8; byte ranges that equal shape times size, cover the data from its first byte to its last, and neither overlap
/// nor leave holes; string metadata. Throws Error{kRefused}.
[[nodiscard]] SafetensorsView parse_safetensors(std::span<const std::byte> bytes, std::string_view name);

struct TensorToWrite {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Writes a file that parse_safetensors accepts. The same input gives the same bytes: metadata first in key order,
/// tensors in the given order, the header padded with spaces to a multiple of 8 bytes. The file appears complete or not
/// at all. Throws Error{kExists, kIo}.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string, std::less<>>& metadata, bool overwrite);

}  // namespace vgg16
