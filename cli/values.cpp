#include "values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

// from_chars accepts no blanks, no leading "+" and no locale's decimal comma; the whole text must be used.
template <class Number>
std::optional<Number> parse_all(std::string_view text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

CLI::Validator expects(std::string expected, std::function<bool(const std::string&)> fits) {
  const auto check = [expected = std::move(expected), fits = std::move(fits)](const std::string& value) {
    return fits(value) ? std::string() : "\"" + value + "\" is not " + expected;
  };
  return CLI::Validator(check, "");
}

CLI::Validator has_a_name() {
  return CLI::Validator([](const std::string& name) { return name.empty() ? std::string("it has no name") : ""; }, "");
}

CLI::Validator whole_number(int64_t least, int64_t most) {
  return expects("a whole number from " + std::to_string(least) + " to " + std::to_string(most),
                 [least, most](const std::string& text) {
                   const auto value = parse_whole_number(text);
                   return value && *value >= least && *value <= most;
                 });
}

CLI::Validator one_of(std::vector<std::string> names, std::string expected) {
  const auto check = [names = std::move(names), expected = std::move(expected)](const std::string& value) {
    if (std::find(names.begin(), names.end(), value) != names.end()) return std::string();
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string nearest(nearest_name(value, known));
    return "\"" + value + "\" is not " + expected + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
  };
  return CLI::Validator(check, "");
}

CLI::Option* choices(CLI::Option* option, std::vector<std::string> names) {
  std::string value;
  std::string sentence;
  for (size_t i = 0; i < names.size(); ++i) {
    value += (i == 0 ? "" : "|") + names[i];
    sentence += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return option->type_name(value)->check(one_of(std::move(names), sentence));
}

std::optional<double> parse_number(std::string_view text) {
  const auto value = parse_all<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<int64_t> parse_whole_number(std::string_view text) { return parse_all<int64_t>(text); }

std::optional<Shard> parse_shard(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto index = parse_whole_number(text.substr(0, slash));
  const auto count = parse_whole_number(text.substr(slash + 1));
  if (!index || !count || *index < 1 || *index > *count) return std::nullopt;
  return Shard{.index = *index, .count = *count};
}

std::optional<int64_t> parse_allowed_skips(std::string_view text, int64_t pictures) {
  if (!text.ends_with('%')) {
    const auto number = parse_whole_number(text);
    return number && *number >= 0 ? number : std::nullopt;
  }
  const auto share = parse_number(text.substr(0, text.size() - 1));
  if (!share || *share < 0 || *share > 100) return std::nullopt;
  // Rounded down: 1 % of 99 pictures allows none.
  return static_cast<int64_t>(std::floor(static_cast<double>(pictures) * *share / 100));
}

bool allows_all_skips(std::string_view text) { return text.ends_with('%') && parse_allowed_skips(text, 1) == 1; }

}  // namespace vgg16
