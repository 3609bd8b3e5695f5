// One row between memory and file: its stored bytes, and the checksum that says they are all there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vgg16/feature_file.h"

namespace vgg16 {

/// How the numbers of a features file may be stored. Ours are kF32 and kF16, little-endian.
enum class NumberType { kF16, kF32, kF64 };
struct NumberFormat {
  NumberType type = NumberType::kF32;
  bool big_endian = false;
  [[nodiscard]] int64_t size() const { return type == NumberType::kF16 ? 2 : type == NumberType::kF32 ? 4 : 8; }
};

/// zlib's CRC-32 over row index (uint64, little-endian), label (int64, little-endian) and `stored`; a result of 0
/// becomes 1, so that 0 can mark a row that is not there yet.
[[nodiscard]] uint32_t row_checksum(int64_t row, int64_t label, std::span<const std::byte> stored);

/// Rounds `features` to `type`; `stored` has their number times its size in bytes. Throws Error{kRefused} for a number
/// that is not finite or too large; `name` is what messages call the row.
void store_row(std::span<const float> features, FeatureType type, std::span<std::byte> stored, const std::string& name);

/// Converts stored numbers to float, rounded to nearest where they are float64. `stored` may lie anywhere. Throws
/// Error{kRefused} for a finite number that does not fit float32; `name` is what messages call the file.
void load_row(std::span<const std::byte> stored, NumberFormat format, float* features, const std::string& name);

}  // namespace vgg16
