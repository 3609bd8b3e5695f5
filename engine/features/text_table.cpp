#include "features/text_table.h"

#include <algorithm>
#include <cctype>

#include "files/files.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kMaxFileBytes = size_t{1} << 30;
constexpr size_t kMaxColumns = 10'000;

}  // namespace

FileKind kind_of(const PosixFile& file) {
  std::vector<std::byte> start(std::min(kFileKindBytes, static_cast<size_t>(file.status().st_size)));
  file.read_at(0, start);
  return file_kind(start);
}

std::string read_text(const PosixFile& file, FileKind kind, std::string_view expected) {
  if (kind != FileKind::kText && kind != FileKind::kUnknown) {
    throw Error(ErrorCode::kRefused, file.name() + " " + wrong_kind(kind, expected));
  }
  const std::vector<std::byte> bytes = read_whole(file, kMaxFileBytes);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  require(text.find('\0') == std::string_view::npos, ErrorCode::kRefused,
          file.name() + " is not text in UTF-8; expected " + std::string(expected));
  return std::string(text.substr(0, text.find_last_not_of("\r\n"sv) + 1));
}

std::vector<std::string> take_record(std::string_view& text, const std::string& name) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  while (!text.empty()) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '"' && quoted && text.starts_with('"')) {
      fields.back() += c;
      text.remove_prefix(1);
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      require(fields.size() < kMaxColumns, ErrorCode::kRefused,
              name + " has more than " + std::to_string(kMaxColumns) + " columns; save the labels alone");
      fields.emplace_back();
    } else if (c == '\n' && !quoted) {
      break;
    } else {
      fields.back() += c;
    }
  }
  if (fields.back().ends_with('\r')) fields.back().pop_back();
  return fields;
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_blanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string shown(const std::vector<std::string>& fields) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < std::min(fields.size(), kShown); ++i) {
    text += (i == 0 ? "'" : ", '") + printable(fields[i]) + "'";
  }
  return text + (fields.size() > kShown ? ", ..." : "");
}

}  // namespace vgg16
