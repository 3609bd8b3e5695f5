// The pictures and files of tests/golden: its README.md says how they were made.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

/// The picture called "waves" or "blocks": uint8 (224, 224, 3), RGB, by a formula that make_golden.py shares.
inline std::vector<uint8_t> golden_picture(std::string_view name) {
  std::vector<uint8_t> pixels;
  pixels.reserve(size_t{224} * 224 * 3);
  for (int y = 0; y < 224; ++y) {
    for (int x = 0; x < 224; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int value = name == "waves" ? x * (3 + c) + y * (5 - c) + ((x * y) >> (4 + c))
                                          : ((x / 16) ^ (y / 16)) * (41 + 20 * c) + (x * y) % 31 * 2;
        pixels.push_back(static_cast<uint8_t>(value & 255));
      }
    }
  }
  return pixels;
}

/// The values of a one-dimensional little-endian float32 file in NumPy's format, version 1.0.
/// Throws std::runtime_error if it is anything else.
inline std::vector<float> read_npy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  constexpr size_t kPrefix = 10;  // magic, version, and the length of the header that follows as uint16
  if (bytes.size() < kPrefix || bytes.compare(0, 8, std::string_view("\x93NUMPY\x01\x00", 8)) != 0) {
    throw std::runtime_error(path.string() + ": not a .npy file of version 1.0");
  }
  const size_t header = static_cast<uint8_t>(bytes[8]) + size_t{256} * static_cast<uint8_t>(bytes[9]);
  const std::string_view description = std::string_view(bytes).substr(kPrefix, header);
  const size_t start = kPrefix + header;
  if (description.find("'<f4'") == std::string_view::npos || bytes.size() < start || (bytes.size() - start) % 4 != 0) {
    throw std::runtime_error(path.string() + ": not whole float32 values");
  }
  std::vector<float> values((bytes.size() - start) / 4);
  std::memcpy(values.data(), bytes.data() + start, values.size() * 4);
  return values;
}

/// |row - exact| / |exact|, Euclidean norms.
inline double relative_error(const std::vector<float>& row, const std::vector<float>& exact) {
  double error = 0;
  double norm = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    error += std::pow(static_cast<double>(row[i]) - static_cast<double>(exact[i]), 2);
    norm += std::pow(static_cast<double>(exact[i]), 2);
  }
  return std::sqrt(error / norm);
}

}  // namespace vgg16
