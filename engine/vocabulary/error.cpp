#include "vgg16/error.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <numeric>
#include <system_error>
#include <utility>
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

// Characters that are invisible or move the text around them: Unicode 15.1's categories Cc, Cf, Zl, Zp and Co, those
// with Default_Ignorable_Code_Point, and the noncharacters (the last two of each plane are tested in is_invisible).
// First and last of each range, in ascending order.
constexpr std::pair<char32_t, char32_t> kInvisible[] = {
    {0x0000, 0x001F},    {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x0600, 0x0605},
    {0x061C, 0x061C},    {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},   {0x08E2, 0x08E2},
    {0x115F, 0x1160},    {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F},    {0x3164, 0x3164},   {0xE000, 0xF8FF},   {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x13430, 0x1343F},  {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, {0xF0000, 0xFFFFD},
    {0x100000, 0x10FFFD}};

// The code point of `sequence`, which must be one valid UTF-8 sequence.
char32_t code_point(std::string_view sequence) {
  constexpr unsigned kFirstBits[] = {0x7F, 0x1F, 0x0F, 0x07};
  char32_t point = static_cast<unsigned char>(sequence[0]) & kFirstBits[sequence.size() - 1];
  for (const char c : sequence.substr(1)) point = point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return point;
}

bool is_invisible(char32_t point) {
  const auto* range = std::lower_bound(std::begin(kInvisible), std::end(kInvisible), point,
                                       [](const auto& r, char32_t value) { return r.second < value; });
  return (range != std::end(kInvisible) && point >= range->first) || (point & 0xFFFEU) == 0xFFFE;
}

// Replaces invisible characters and invalid bytes by \xHH, and the characters in `short_forms` (some of newline, tab
// and backslash) by \n, \t and \\.
std::string escaped(std::string_view text, std::string_view short_forms) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const char c = text[0];
    const std::size_t length = utf8_length(text);
    if (short_forms.find(c) != std::string_view::npos) {
      shown += '\\';
      shown += c == '\n' ? 'n' : c == '\t' ? 't' : c;
      text.remove_prefix(1);
    } else if (length != 0 && !is_invisible(code_point(text.substr(0, length)))) {
      shown += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      for (std::size_t i = 0; i < std::max<std::size_t>(length, 1); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        shown += "\\x";
        shown += kHex[byte >> 4U];
        shown += kHex[byte & 15U];
      }
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
  }
  return shown;
}

// Levenshtein distance with one row of the table.
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

std::string printable(std::string_view name) { return escaped(name, "\n\t\\"); }

std::string without_invisible(std::string_view text) { return escaped(text, "\n\t"); }

std::string json_without_invisible(std::string_view json) {
  std::string shown;
  shown.reserve(json.size());
  const auto add_unit = [&](unsigned unit) {
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", unit & 0xFFFFU);
    shown += text;
  };
  while (!json.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(json), 1);
    const char32_t point = code_point(json.substr(0, length));
    // In JSON only whole characters can be escaped; above U+FFFF as a surrogate pair.
    if (!is_invisible(point)) {
      shown += json.substr(0, length);
    } else if (point > 0xFFFF) {
      add_unit(0xD800 + ((point - 0x10000) >> 10U));
      add_unit(0xDC00 + ((point - 0x10000) & 0x3FFU));
    } else {
      add_unit(point);
    }
    json.remove_prefix(length);
  }
  return shown;
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known) {
  word = word.substr(0, 64);  // the time is proportional to the length, and no name is that long
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

// to_chars without a precision gives the shortest text that reads back as the same double, in any locale.
std::string shortest(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string system_message(int number) { return std::generic_category().message(number); }

}  // namespace vgg16
