#include "features/label_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/npy_table.h"
#include "features/text_table.h"
#include "files/files.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

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
  const FileKind kind = kind_of(file);
  if (kind == FileKind::kNumpy) return npy_labels(std::move(file));
  const std::string name = file.name();
  const std::string whole = read_text(file, kind, "labels: .npy, .csv, or text with one label a line");
  const std::string_view text = whole;
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
