// .npy files made byte by byte.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

/// A file of format `version` with this dictionary and this data.
inline std::string npy_file_of(std::string dictionary, const std::string& data, int version = 1) {
  dictionary += '\n';
  std::string bytes("\x93NUMPY");
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (size_t i = 0; i < (version == 1 ? 2U : 4U); ++i) bytes += static_cast<char>(dictionary.size() >> (8 * i));
  return bytes + dictionary + data;
}

inline std::string npy_dictionary(const std::string& type, const std::string& shape, const std::string& fortran) {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

/// The bytes of `values`, as this machine stores them.
template <class Value>
std::string bytes_of(const std::vector<Value>& values) {
  std::string bytes(values.size() * sizeof(Value), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A file of float32 in C order.
inline std::string npy_floats(const std::vector<float>& values, size_t columns) {
  const std::string shape = "(" + std::to_string(values.size() / columns) + ", " + std::to_string(columns) + ")";
  return npy_file_of(npy_dictionary("<f4", shape, "False"), bytes_of(values));
}

}  // namespace vgg16
