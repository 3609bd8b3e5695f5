#include "vgg16/names.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "vocabulary/utf8.h"

namespace vgg16 {
namespace {

constexpr std::size_t kEscapeLength = 4;  // \xHH

// The byte of the \xHH at the start of `text`, if there is one.
std::optional<char> byte_at(std::string_view text) {
  if (text.size() < kEscapeLength || !text.starts_with("\\x")) return {};
  unsigned value = 0;
  const char* end = text.data() + kEscapeLength;
  if (std::from_chars(text.data() + 2, end, value, 16).ptr != end) return {};
  return static_cast<char>(value);
}

}  // namespace

std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned a = byte(0);
  const unsigned b = byte(1);
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF) return tail(1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    const bool second = tail(1) && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F);
    return second && tail(2) ? 3 : 0;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    const bool second = tail(1) && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escaped_byte(char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return {'\\', 'x', kHex[value >> 4U], kHex[value & 15U]};
}

std::string escape_name(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0 || byte_at(bytes)) {
      text += escaped_byte(bytes[0]);
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

std::string unescape_name(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const std::optional<char> escaped = byte_at(text);
    bytes += escaped.value_or(text[0]);
    text.remove_prefix(escaped ? kEscapeLength : 1);
  }
  return bytes;
}

void escape_unless_utf8(std::vector<std::string>& names) {
  if (std::all_of(names.begin(), names.end(), is_utf8)) return;
  for (std::string& name : names) name = escape_name(name);
}

}  // namespace vgg16
