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

#include "vgg16/names.h"
#include "vocabulary/utf8.h"

namespace vgg16 {
namespace {

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

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view next = text.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && !is_invisible(code_point(next))) {
      shown += next;
    } else {
      for (const char byte : next) shown += escaped_byte(byte);
    }
    text.remove_prefix(next.size());
  }
  return shown;
}

std::string printable_path(const std::string& path) { return printable(escape_name(path)); }

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
