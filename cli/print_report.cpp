#include "print_report.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "csv.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// The number of characters of UTF-8: all bytes except continuation bytes.
size_t code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string right_aligned(std::string_view text, size_t width) {
  const size_t length = code_points(text);
  return std::string(width > length ? width - length : 0, ' ').append(text);
}

std::string cell(double value, size_t width) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return right_aligned(text, width);
}

// With a blank before it, however long the number is.
std::string cell(int64_t value, size_t width) { return ' ' + right_aligned(std::to_string(value), width - 1); }

struct Column {
  std::string_view title;
  size_t width;
};
// Precision, recall, F1 and support.
using Columns = std::array<Column, 4>;
constexpr Columns kColumns = {{{"precision", 10}, {"recall", 10}, {"f1-score", 10}, {"support", 10}}};
constexpr Columns kNarrowColumns = {{{"prec.", 6}, {"recall", 7}, {"f1", 5}, {"rows", 6}}};

std::string row(const std::string& name, const ClassScore& score, size_t width, const Columns& columns) {
  return right_aligned(name, width) + ' ' + cell(score.precision, columns[0].width) +
         cell(score.recall, columns[1].width) + cell(score.f1, columns[2].width) +
         cell(score.support, columns[3].width) + '\n';
}

std::string table(const Report& report, const Columns& columns) {
  size_t width = std::string_view("weighted avg").size();
  for (const ClassScore& score : report.per_class) width = std::max(width, code_points(printable(score.name)));
  std::string text = std::string(width, ' ') + ' ';
  for (const Column& column : columns) text += right_aligned(column.title, column.width);
  text += "\n\n";
  for (const ClassScore& score : report.per_class) text += row(printable(score.name), score, width, columns);
  text += '\n' + right_aligned("accuracy", width) + ' ' + std::string(columns[0].width + columns[1].width, ' ') +
          cell(report.accuracy, columns[2].width) + cell(report.weighted_average.support, columns[3].width) + '\n';
  text += row("macro avg", report.macro_average, width, columns);
  text += row("weighted avg", report.weighted_average, width, columns);
  return text;
}

// Where the first part of a line that is too long ends: at the last space at which it fits, otherwise at the first one.
size_t break_of(std::string_view line, size_t indent, size_t width) {
  size_t end = std::string_view::npos;
  for (size_t at = line.find(' ', indent); at != std::string_view::npos; at = line.find(' ', at + 1)) {
    if (end != std::string_view::npos && code_points(line.substr(0, at)) > width) break;
    end = at;
  }
  return end;
}

}  // namespace

std::string classification_report(const Report& report, size_t width) {
  std::string text = table(report, kColumns);
  return widest_line(text) > width ? table(report, kNarrowColumns) : text;
}

std::string classification_csv(const Report& report) {
  std::string text = csv_line({"class", "precision", "recall", "f1-score", "support"});
  const auto add = [&text](const std::string& name, const ClassScore& score) {
    text += '\n' + csv_line({name, shortest(score.precision), shortest(score.recall), shortest(score.f1),
                             std::to_string(score.support)});
  };
  for (const ClassScore& score : report.per_class) add(printable(score.name), score);
  text +=
      '\n' + csv_line({"accuracy", "", "", shortest(report.accuracy), std::to_string(report.weighted_average.support)});
  add("macro avg", report.macro_average);
  add("weighted avg", report.weighted_average);
  return text + '\n';
}

size_t widest_line(std::string_view text) {
  size_t widest = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    widest = std::max(widest, code_points(line));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return widest;
}

std::string wrapped(std::string_view text, size_t width) {
  std::string result;
  while (!text.empty()) {
    std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string continued(indent + 4, ' ');
    while (code_points(line) > width) {
      const size_t end = break_of(line, indent, width);
      const size_t next = end == std::string::npos ? end : line.find_first_not_of(' ', end);
      if (next == std::string::npos) break;
      result += line.substr(0, end) + '\n';
      line = continued + line.substr(next);
      indent = continued.size();
    }
    result += line + '\n';
  }
  return result;
}

}  // namespace vgg16
