// The header of a .npy file, which is a Python dictionary as text: {'descr': '<f4', 'fortran_order': False, 'shape':
// (3, 4), }. NumPy's numpy.lib.format describes versions 1.0, 2.0 and 3.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

/// The type of one element, as its dtype string says: "<f4".
struct NpyType {
  std::string name;  ///< the dtype string
  /// NumPy's letter: f floating point, i and u integers, b bool, S bytes and U UCS-4 text of a fixed length, O Python
  /// objects; any other letter, or '?' for what is no plain type, such as records.
  char kind = '?';
  int64_t size = 0;  ///< bytes of one element
  bool big_endian = false;
};

struct NpyHeader {
  NpyType type;
  bool fortran_order = false;  ///< the first index varies fastest
  std::vector<int64_t> shape;
};

/// Parses the text of a header; empty if it is anything but such a dictionary with these three keys, each once.
[[nodiscard]] std::optional<NpyHeader> parse_npy_header(std::string_view text);

}  // namespace vgg16
