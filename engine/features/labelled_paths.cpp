// The table of pictures and their labels: read_labelled_paths() of dataset.h.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/labels.h"
#include "features/text_table.h"
#include "files/files.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/names.h"

namespace vgg16 {
namespace {

constexpr std::string_view kExpected =
    "a table of pictures and labels, CSV with the columns path and label; save it as UTF-8";
constexpr std::array<std::string_view, 5> kPathColumns = {"path", "file", "filename", "file_name", "image"};

struct Columns {
  size_t width;
  size_t path;
  size_t label;
  bool are_named;  // by the first record, which is a header then
};

size_t find_column(const std::vector<std::string>& header, std::span<const std::string_view> names) {
  const auto found = std::find_if(header.begin(), header.end(), [&](const std::string& field) {
    return std::find(names.begin(), names.end(), lower(std::string(without_blanks(field)))) != names.end();
  });
  return static_cast<size_t>(found - header.begin());
}

Columns columns_of(const std::vector<std::string>& first, const std::string& name) {
  constexpr std::string_view kLabel = "label";
  const size_t width = first.size();
  const size_t label = find_column(first, {&kLabel, 1});
  if (label == width && width == 2) return {.width = width, .path = 0, .label = 1, .are_named = false};
  // Of two columns, the one that is not the label may have any name.
  const size_t path = width == 2 ? 1 - label : find_column(first, kPathColumns);
  if (label == width || path == width) {
    throw Error(ErrorCode::kRefused, name + " has the columns " + shown(first) +
                                         "; expected a header that calls one of them label and one path, separated by "
                                         "commas");
  }
  return {.width = width, .path = path, .label = label, .are_named = true};
}

}  // namespace

std::vector<LabelledPath> read_labelled_paths(const std::filesystem::path& path) {
  const PosixFile file = open_regular_file(path);
  const std::string name = file.name();
  const std::string whole = read_text(file, kind_of(file), kExpected);
  std::string_view text = whole;
  std::vector<std::string> record = take_record(text, name);
  const Columns columns = columns_of(record, name);
  std::vector<LabelledPath> paths;
  for (size_t number = 1;; ++number) {
    if (number > 1 || !columns.are_named) {
      if (record.size() != columns.width) {
        throw Error(ErrorCode::kRefused, name + " has " + std::to_string(record.size()) + " columns in its record " +
                                             std::to_string(number) + ", expected " + std::to_string(columns.width));
      }
      const std::string label(without_blanks(record[columns.label]));
      if (label.size() > LabelValues::kMaxBytes) {
        throw Error(ErrorCode::kRefused, name + " has a label of " + std::to_string(label.size()) +
                                             " bytes in its record " + std::to_string(number) + ", expected at most " +
                                             std::to_string(LabelValues::kMaxBytes));
      }
      paths.push_back({.path = unescape_name(record[columns.path]), .label = unescape_name(label)});
    }
    if (text.empty()) return paths;
    record = take_record(text, name);
  }
}

}  // namespace vgg16
