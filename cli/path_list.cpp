#include "path_list.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "vgg16/error.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

// What Windows' programs write to a file: read as bytes, every letter would be a path.
void refuse_utf16(std::string_view start) {
  if (!start.starts_with("\xFF\xFE") && !start.starts_with("\xFE\xFF")) return;
  throw Error(ErrorCode::kRefused, "standard input is text in UTF-16; save the list of paths as UTF-8");
}

void refuse_picture(std::string_view start) {
  const std::string_view format = picture_format(std::as_bytes(std::span(start)));
  if (format.empty()) return;
  throw Error(ErrorCode::kRefused, "standard input holds a picture (" + std::string(format) +
                                       "), expected a list of paths; name the picture's file instead of -");
}

std::string read_all(std::istream& in) {
  constexpr size_t kStart = 512;  // as much as picture_format() needs
  std::string text(kStart, '\0');
  in.read(text.data(), kStart);
  text.resize(static_cast<size_t>(in.gcount()));
  refuse_picture(text);
  refuse_utf16(text);
  if (in) text.append(std::istreambuf_iterator<char>(in), {});  // not after its end: a terminal would be asked again
  return text;
}

// A link to nothing is there, too: opening it says what is wrong.
bool is_there(std::string_view name) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(name, unknown));
}

// A line without the marks that editors and other systems put around a name.
std::string_view without_marks(std::string_view line, bool first) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (first && line.starts_with(kByteOrderMark) && !is_there(line)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r') && !is_there(line)) line.remove_suffix(1);
  return line;
}

}  // namespace

std::vector<fs::path> read_path_list(std::istream& in, Separator separator) {
  using std::string_view_literals::operator""sv;
  const std::string text = read_all(in);
  const size_t first = text.find_first_of("\n\0"sv);
  const bool lines = separator == Separator::kFirst && (first == std::string::npos || text[first] == '\n');
  std::vector<fs::path> paths;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(lines ? '\n' : '\0', begin), text.size());
    std::string_view name = std::string_view(text).substr(begin, end - begin);
    if (lines) name = without_marks(name, begin == 0);
    if (!name.empty()) paths.emplace_back(name);
    begin = end + 1;
  }
  return paths;
}

}  // namespace vgg16
