// Converting one row between memory and file, and its checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vgg16/feature_file.h"

namespace vgg16 {

/// How the numbers of a features file may be stored. This program writes kF32 and kF16, little-endian.
enum class NumberType { kF16, kF32, kF64 };
struct NumberFormat {
  NumberType type = NumberType::kF32;
  bool big_endian = false;
  [[nodiscard]] int64_t size() const { return type == NumberType::kF16 ? 2 : type == NumberType::kF32 ? 4 : 8; }
};

/// Throws Error{kShape} unless rows [first, first + count) exist among `total`.
void require_rows(int64_t first, int64_t count, int64_t total);

/// zlib's CRC-32 over row index (uint64, little-endian), label (int64, little-endian) and `stored`. A result of 0 is
/// replaced by 1, because 0 means that the row is missing.
[[nodiscard]] uint32_t row_checksum(int64_t row, int64_t label, std::span<const std::byte> stored);

/// Converts `features` to `type`, rounding to nearest even; `stored` has stored_size(type) bytes for each. Throws
/// Error{kRefused} for a number that is not finite or too large. Messages call the row `name`.
void store_row(std::span<const float> features, FeatureType type, std::span<std::byte> stored, const std::string& name);

/// Converts stored numbers to float; float64 is rounded to nearest. `stored` needs no alignment. Throws Error{kRefused}
/// for a finite number that is too large for float32. Messages call the file `name`.
void load_row(std::span<const std::byte> stored, NumberFormat format, float* features, const std::string& name);

/// One stored number. Integers may have 1, 2, 4 or 8 bytes; an unsigned one beyond int64 becomes INT64_MAX.
[[nodiscard]] double load_number(std::span<const std::byte> stored, NumberFormat format);
[[nodiscard]] int64_t load_integer(std::span<const std::byte> stored, bool is_signed, bool big_endian);

}  // namespace vgg16
