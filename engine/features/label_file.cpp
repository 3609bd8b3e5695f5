#include "features/label_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/npy_table.h"
#include "files/files.h"
#include "vgg16/error.h"
#include "vocabulary/file_kind.h"

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kMaxFileBytes = size_t{1} << 30;
constexpr size_t kMaxColumns = 10'000;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string_view without_blanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// Takes the next line, without its end, from the start of `text`.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Takes the next record of comma-separated values (RFC 4180): fields in double quotes may hold commas, line ends and
// doubled quotes.
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

std::string shown(const std::vector<std::string>& fields) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < std::min(fields.size(), kShown); ++i) {
    text += (i == 0 ? "'" : ", '") + printable(fields[i]) + "'";
  }
  return text + (fields.size() > kShown ? ", ..." : "");
}

// Each at most `most` labels.
std::vector<std::string> lines_of(std::string_view text, size_t most) {
  std::vector<std::string> labels;
  while (!text.empty() && labels.size() < most) labels.emplace_back(without_blanks(take_line(text)));
  return labels;
}

std::vector<std::string> column_of(std::string_view text, size_t most, const std::string& name) {
  std::vector<std::string> labels;
  std::vector<std::string> record = take_record(text, name);
  const size_t width = record.size();
  const auto header =
      std::find_if(record.begin(), record.end(), [](const std::string& field) { return lower(field) == "label"; });
  if (header == record.end() && width > 1) {
    throw Error(ErrorCode::kRefused, name + " has the columns " + shown(record) +
                                         "; expected a header that calls one of them label, or only one column");
  }
  const auto column = static_cast<size_t>(header == record.end() ? 0 : header - record.begin());
  if (header == record.end()) labels.emplace_back(without_blanks(record[0]));
  while (!text.empty() && labels.size() < most) {
    record = take_record(text, name);
    if (record.size() != width) {
      throw Error(ErrorCode::kRefused, name + " has " + std::to_string(record.size()) + " columns in its record " +
                                           std::to_string(labels.size() + 1) + ", expected " + std::to_string(width));
    }
    labels.emplace_back(without_blanks(record[column]));
  }
  return labels;
}

// The whole text as a number, if it is one that double represents exactly, or is not finite: numpy.savetxt writes 1 as
// 1.000000000000000000e+00, and no number as nan.
std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  const bool exact = std::abs(value) < 0x1p53 || !std::isfinite(value);
  return whole && exact ? std::optional(value) : std::nullopt;
}

}  // namespace

LabelValues read_label_file(const std::filesystem::path& path, int64_t rows) {
  PosixFile file = open_regular_file(path);
  std::vector<std::byte> start(std::min(kFileKindBytes, static_cast<size_t>(file.status().st_size)));
  file.read_at(0, start);
  const FileKind kind = file_kind(start);
  if (kind == FileKind::kNumpy) return npy_labels(std::move(file));
  const std::string name = file.name();
  if (kind != FileKind::kText && kind != FileKind::kUnknown) {
    throw Error(ErrorCode::kRefused,
                name + " " + wrong_kind(kind, "labels: .npy, .csv, or text with one label a line"));
  }
  const std::vector<std::byte> bytes = read_whole(file, kMaxFileBytes);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  require(text.find('\0') == std::string_view::npos, ErrorCode::kRefused,
          name + " is not text in UTF-8; save the labels as such, or as .npy");
  text = text.substr(0, text.find_last_not_of("\r\n"sv) + 1);  // empty lines at the end are no labels

  const bool is_csv = lower(path.extension().string()) == ".csv";
  const auto most = static_cast<size_t>(rows) + 2;  // one may be a header, another tells that there are more
  std::vector<std::string> labels = is_csv ? column_of(text, most, name) : lines_of(text, most);
  const bool are_numbers =
      std::all_of(labels.begin(), labels.end(), [](const std::string& label) { return number_in(label).has_value(); });
  LabelValues values;
  for (std::string& label : labels) {
    if (are_numbers) {
      values.add_number(*number_in(label), name);
    } else {
      values.add_text(std::move(label), name);
    }
  }
  return values;
}

}  // namespace vgg16
