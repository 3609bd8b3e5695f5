#include "features/npy_table.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "features/row.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"
#include "vocabulary/shape_text.h"

namespace vgg16 {
namespace {

NumberFormat float_format(const NpyType& type) {
  return {type.size == 2 ? NumberType::kF16 : type.size == 4 ? NumberType::kF32 : NumberType::kF64, type.big_endian};
}

bool is_float(const NpyType& type) { return type.kind == 'f' && (type.size == 2 || type.size == 4 || type.size == 8); }

bool is_integer(const NpyType& type) {
  const bool known = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
  return known && (type.kind == 'i' || type.kind == 'u' || (type.kind == 'b' && type.size == 1));
}

void append_utf8(uint32_t point, std::string& text) {
  const auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
  const auto tail = [&](unsigned shift) { add(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xC0U | point >> 6U);
  } else {
    if (point < 0x10000) {
      add(0xE0U | point >> 12U);
    } else {
      add(0xF0U | point >> 18U);
      tail(12);
    }
    tail(6);
  }
  tail(0);
}

// Text of a fixed length is padded with zeros.
std::string text_of(std::span<const std::byte> stored, const NpyArray& array) {
  std::string text;
  if (array.type().kind == 'S') {
    text.assign(reinterpret_cast<const char*>(stored.data()), stored.size());
    return text.erase(std::min(text.find('\0'), text.size()));
  }
  for (size_t at = 0; at < stored.size(); at += 4) {
    const auto point = static_cast<uint32_t>(load_integer(stored.subspan(at, 4), false, array.type().big_endian));
    if (point == 0) break;
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) array.refuse("is damaged: its text is not Unicode");
    append_utf8(point, text);
  }
  return text;
}

void add_label(std::span<const std::byte> stored, const NpyArray& array, LabelValues& labels) {
  const NpyType& type = array.type();
  if (is_integer(type)) {
    labels.add_integer(load_integer(stored, type.kind == 'i', type.big_endian), array.name());
  } else if (is_float(type)) {
    labels.add_number(load_number(stored, float_format(type)), array.name());
  } else {
    labels.add_text(text_of(stored, array), array.name());
  }
}

// Calls use(rows' bytes) for all rows of `array` in order, about 1 MB at a time.
template <class Use>
void for_each_part(const NpyArray& array, Use use) {
  const int64_t rows = array.shape()[0];
  const int64_t at_once = std::clamp<int64_t>((1 << 20) / array.row_bytes(), 1, rows);
  std::vector<std::byte> part(static_cast<size_t>(at_once * array.row_bytes()));
  for (int64_t done = 0; done < rows; done += at_once) {
    const int64_t count = std::min(at_once, rows - done);
    const auto bytes = std::span(part).first(static_cast<size_t>(count * array.row_bytes()));
    array.read_rows(done, count, bytes);
    use(bytes);
  }
}

}  // namespace

FeatureTable npy_table(PosixFile file) {
  auto array = std::make_shared<const NpyArray>(std::move(file));
  if (array->shape().size() != 2) {
    array->refuse("has shape " + shape_text(array->shape()) + ", expected (rows, columns)");
  }
  if (!is_float(array->type())) {
    array->refuse("holds " + printable(array->type().name) +
                  ", expected float16, float32 or float64; convert it: python3 -c \"import numpy; "
                  "numpy.save('OUT.npy', numpy.load('IN.npy').astype('float32'))\"");
  }
  FeatureTable table;
  table.rows = array->shape()[0];
  table.columns = array->shape()[1];
  table.name = array->name();
  table.read_rows = [array, format = float_format(array->type())](int64_t first, int64_t count, float* out) {
    const StandardFloatingPoint mode;
    require_rows(first, count, array->shape()[0]);
    if (format.type == NumberType::kF32 && !format.big_endian) {  // directly into the caller's memory
      const auto numbers = static_cast<size_t>(count * array->shape()[1]);
      return array->read_rows(first, count, std::as_writable_bytes(std::span(out, numbers)));
    }
    // 256 KB at a time, so that memory does not grow with `count`.
    const int64_t at_once = std::clamp<int64_t>((1 << 18) / array->row_bytes(), 1, std::max<int64_t>(count, 1));
    std::vector<std::byte> stored(static_cast<size_t>(at_once * array->row_bytes()));
    for (int64_t done = 0; done < count; done += at_once) {
      const int64_t rows = std::min(at_once, count - done);
      const auto bytes = std::span(stored).first(static_cast<size_t>(rows * array->row_bytes()));
      array->read_rows(first + done, rows, bytes);
      load_row(bytes, format, out + done * array->shape()[1], array->name());
    }
  };
  return table;
}

LabelValues npy_labels(PosixFile file) {
  const NpyArray array(std::move(file));
  const NpyType& type = array.type();
  if (array.row_bytes() != type.size) {
    array.refuse("has shape " + shape_text(array.shape()) +
                 ", expected one label per row; of a column per class take argmax(axis=1)");
  }
  constexpr auto kMaxBytes = static_cast<int64_t>(LabelValues::kMaxBytes);
  const bool is_text = (type.kind == 'S' && type.size <= kMaxBytes) || (type.kind == 'U' && type.size <= 4 * kMaxBytes);
  if (!is_integer(type) && !is_float(type) && !is_text) {
    array.refuse("holds " + printable(type.name) +
                 ", expected integers, floating point, bool or text; save it again after .astype(str)");
  }
  LabelValues labels;
  labels.is_bool = type.kind == 'b';
  const auto size = static_cast<size_t>(type.size);
  for_each_part(array, [&](std::span<const std::byte> bytes) {
    for (size_t at = 0; at < bytes.size(); at += size) add_label(bytes.subspan(at, size), array, labels);
  });
  return labels;
}

}  // namespace vgg16
