#include "vgg16/error.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <numeric>
#include <system_error>
#include <vector>

namespace vgg16 {
namespace {

// Length of the valid UTF-8 sequence at the start of `s`, or 0 (RFC 3629: no overlong forms, surrogates or > U+10FFFF).
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

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

}  // namespace

std::string printable(std::string_view name) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string shown;
  shown.reserve(name.size());
  while (!name.empty()) {
    const auto c = static_cast<unsigned char>(name[0]);
    const std::size_t length = utf8_length(name);
    const bool c1_control = length == 2 && c == 0xC2 && static_cast<unsigned char>(name[1]) < 0xA0;
    if (c == '\n' || c == '\t' || c == '\\') {
      shown += '\\';
      shown += c == '\n' ? 'n' : c == '\t' ? 't' : '\\';
      name.remove_prefix(1);
    } else if (length == 0 || c < 0x20 || c == 0x7F || c1_control) {
      shown += "\\x";
      shown += kHex[c >> 4U];
      shown += kHex[c & 15U];
      name.remove_prefix(1);
    } else {
      shown += name.substr(0, length);
      name.remove_prefix(length);
    }
  }
  return shown;
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known) {
  word = word.substr(0, 64);  // a long word is near to nothing, and costs time
  std::string_view nearest;
  size_t fewest = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string_view name : known) {
    const size_t edits = edit_distance(word, name);
    if (edits < fewest) {
      fewest = edits;
      nearest = name;
    }
  }
  return nearest;
}

std::string shortest(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string system_message(int number) { return std::generic_category().message(number); }

}  // namespace vgg16
