#include "features/row.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "vgg16/error.h"
#include "vocabulary/finite.h"
#include "vocabulary/half.h"

namespace vgg16 {
namespace {

// Says whether the number is not finite or too large for float16.
[[noreturn]] void refuse(std::span<const float> features, size_t column, const std::string& name) {
  const float value = features[column];
  if (!std::isfinite(value)) {
    throw Error(ErrorCode::kRefused,
                name + ": the value in column " + std::to_string(column) + " is not finite; its row cannot be stored");
  }
  throw Error(ErrorCode::kRefused, name + ": the value " + std::to_string(value) + " in column " +
                                       std::to_string(column) + " does not fit float16 (at most 65504); store as f32");
}

template <class Bits>
Bits swap_bytes(Bits value) {
  if constexpr (sizeof(Bits) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(Bits) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(Bits) == 8) return __builtin_bswap64(value);
}

template <class Bits, class Value, class Convert>
void convert_all(std::span<const std::byte> stored, bool big_endian, Value* features, Convert convert) {
  for (size_t i = 0; i < stored.size() / sizeof(Bits); ++i) {
    Bits bits;
    std::memcpy(&bits, stored.data() + i * sizeof(Bits), sizeof(Bits));
    features[i] = convert(big_endian ? swap_bytes(bits) : bits);
  }
}

/// Throws if a finite float64 number in `stored` is too large for float32. Infinities and NaN are left to the caller.
void refuse_too_large(std::span<const std::byte> stored, bool big_endian, const std::string& name) {
  std::vector<double> values(stored.size() / sizeof(double));
  convert_all<uint64_t>(stored, big_endian, values.data(), [](uint64_t bits) { return std::bit_cast<double>(bits); });
  for (const double value : values) {
    if (!std::isfinite(value) || std::isfinite(static_cast<float>(value))) continue;
    throw Error(ErrorCode::kRefused,
                name + " holds the feature " + shortest(value) + ", which does not fit float32 (at most 3.4e38)");
  }
}

}  // namespace

void require_rows(int64_t first, int64_t count, int64_t total) {
  require(first >= 0 && count >= 0 && first <= total - count, ErrorCode::kShape,
          "rows " + std::to_string(first) + " to " + std::to_string(first + count) + " of " + std::to_string(total) +
              " do not exist");
}

// Row number and label are part of the sum: a row in another row's place, or with another's label, does not match.
uint32_t row_checksum(int64_t row, int64_t label, std::span<const std::byte> stored) {
  const std::array<int64_t, 2> prefix = {row, label};
  uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(prefix.data()), sizeof prefix);
  sum = crc32_z(sum, reinterpret_cast<const Bytef*>(stored.data()), stored.size());
  return sum == 0 ? 1 : static_cast<uint32_t>(sum);
}

void store_row(std::span<const float> features, FeatureType type, std::span<std::byte> stored,
               const std::string& name) {
  if (type == FeatureType::kF32) {
    // One fast test of the whole row; the slow search for the column only if it fails.
    if (!all_finite(features)) {
      const auto bad = std::find_if(features.begin(), features.end(), [](float v) { return !std::isfinite(v); });
      refuse(features, static_cast<size_t>(bad - features.begin()), name);
    }
    std::memcpy(stored.data(), features.data(), features.size_bytes());
    return;
  }
  for (size_t i = 0; i < features.size(); ++i) {
    const uint16_t half = float_to_half(features[i]);
    if (half == kHalfOverflow) refuse(features, i, name);
    std::memcpy(stored.data() + 2 * i, &half, 2);
  }
}

void load_row(std::span<const std::byte> stored, NumberFormat format, float* features, const std::string& name) {
  switch (format.type) {
    case NumberType::kF16:
      return convert_all<uint16_t>(stored, format.big_endian, features, half_to_float);
    case NumberType::kF32:
      return convert_all<uint32_t>(stored, format.big_endian, features,
                                   [](uint32_t bits) { return std::bit_cast<float>(bits); });
    // Too large a number becomes infinity here and is found afterwards, because checking each would be slower.
    case NumberType::kF64:
      static_assert(std::numeric_limits<float>::is_iec559, "what is too large becomes infinity");
      convert_all<uint64_t>(stored, format.big_endian, features,
                            [](uint64_t bits) { return static_cast<float>(std::bit_cast<double>(bits)); });
      if (!all_finite({features, stored.size() / sizeof(double)})) refuse_too_large(stored, format.big_endian, name);
      return;
  }
}

double load_number(std::span<const std::byte> stored, NumberFormat format) {
  double value = 0;
  switch (format.type) {
    case NumberType::kF16:
      convert_all<uint16_t>(stored, format.big_endian, &value, half_to_float);
      break;
    case NumberType::kF32:
      convert_all<uint32_t>(stored, format.big_endian, &value,
                            [](uint32_t bits) { return std::bit_cast<float>(bits); });
      break;
    case NumberType::kF64:
      convert_all<uint64_t>(stored, format.big_endian, &value,
                            [](uint64_t bits) { return std::bit_cast<double>(bits); });
      break;
  }
  return value;
}

// Byte by byte, which works for any size and byte order.
int64_t load_integer(std::span<const std::byte> stored, bool is_signed, bool big_endian) {
  uint64_t value = 0;
  const size_t size = stored.size();
  for (size_t i = 0; i < size; ++i) {
    const size_t significance = big_endian ? size - 1 - i : i;
    value |= static_cast<uint64_t>(stored[i]) << (8 * significance);
  }
  if (!is_signed) return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
  const auto unused = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(value << unused) >> unused;  // extends the sign
}

}  // namespace vgg16
