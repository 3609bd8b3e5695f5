#include "print_report.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string_view>

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

std::string cell(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), " %9.2f", value);
  return text;
}

std::string cell(int64_t value) {
  char text[64];
  std::snprintf(text, sizeof(text), " %9lld", static_cast<long long>(value));
  return text;
}

std::string row(const std::string& name, const ClassScore& score, size_t width) {
  return right_aligned(name, width) + ' ' + cell(score.precision) + cell(score.recall) + cell(score.f1) +
         cell(score.support) + '\n';
}

}  // namespace

std::string classification_report(const Report& report) {
  size_t width = std::string_view("weighted avg").size();
  for (const ClassScore& score : report.per_class) width = std::max(width, code_points(printable(score.name)));
  std::string text = std::string(width, ' ') + ' ';
  for (const char* title : {"precision", "recall", "f1-score", "support"}) text += ' ' + right_aligned(title, 9);
  text += "\n\n";
  for (const ClassScore& score : report.per_class) text += row(printable(score.name), score, width);
  text += '\n' + right_aligned("accuracy", width) + ' ' + std::string(20, ' ') + cell(report.accuracy) +
          cell(report.weighted_average.support) + '\n';
  text += row("macro avg", report.macro_average, width);
  text += row("weighted avg", report.weighted_average, width);
  return text;
}

}  // namespace vgg16
