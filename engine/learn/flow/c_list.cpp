#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>

#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

/// More values than anyone wants to try: a typing error in n must not start a day of work.
constexpr int kMostValues = 1000;

// Names the part of the list that is wrong, not the whole list.
[[noreturn]] void refuse(std::string_view part, const char* expected) {
  throw Error(ErrorCode::kInvalidArgument,
              "C is " + (part.empty() ? "empty" : printable(part)) + ", expected " + expected);
}

double positive(std::string_view number, std::string_view part) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || !(value > 0) || !std::isfinite(value)) {
    refuse(part, "numbers above 0 such as 0.1,1,10, or a range lo:hi:n such as 1e-6:1e4:11");
  }
  return value;
}

/// Rounded to 12 significant digits.
double rounded(double value) {
  char digits[32];
  const char* const end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific, 11).ptr;
  std::from_chars(digits, end, value);
  return value;
}

// lo:hi:n, in geometric progression, as numpy.geomspace(lo, hi, n).
void append_range(std::string_view part, size_t first_colon, std::vector<double>& values) {
  const size_t second_colon = part.find(':', first_colon + 1);
  if (second_colon == std::string_view::npos) refuse(part, "a range lo:hi:n such as 1e-6:1e4:11");
  const double low = positive(part.substr(0, first_colon), part);
  const double high = positive(part.substr(first_colon + 1, second_colon - first_colon - 1), part);
  const std::string_view count_text = part.substr(second_colon + 1);
  int count = 0;
  const auto [end, error] = std::from_chars(count_text.data(), count_text.data() + count_text.size(), count);
  if (error != std::errc() || end != count_text.data() + count_text.size() || count < 2 || count > kMostValues) {
    refuse(part, "lo:hi:n with n from 2 to 1000");
  }
  for (int i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / (count - 1);
    // The ends exactly as given; values between them rounded, so that powers of ten are exact.
    values.push_back(i == 0           ? low
                     : i == count - 1 ? high
                                      : rounded(std::exp((1 - share) * std::log(low) + share * std::log(high))));
  }
}

}  // namespace

std::vector<double> default_c_list(ClassifierKind kind) {
  if (kind == ClassifierKind::kSvm) return {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3};
  return {0.1, 1, 10, 100, 1000, 10000};
}

std::vector<double> parse_c_list(std::string_view text) {
  const StandardFloatingPoint mode;
  std::vector<double> values;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t colon = part.find(':');
    if (colon == std::string_view::npos) {
      values.push_back(positive(part, part));
    } else {
      append_range(part, colon, values);
    }
    if (values.size() > kMostValues) refuse(text, "at most 1000 values");
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace vgg16
