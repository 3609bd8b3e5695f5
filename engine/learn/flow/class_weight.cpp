#include "learn/flow/class_weight.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>

#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

[[noreturn]] void refuse(std::string_view part, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "class weight " + printable(part) + ": " + what);
}

/// The number that follows the `=` at `equals`, if it ends at a comma or with the text. Sets `end` to its end.
std::optional<double> number_after(std::string_view text, size_t equals, size_t& end) {
  end = std::min(text.find(',', equals), text.size());
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data() + equals + 1, text.data() + end, value);
  return error == std::errc() && stop == text.data() + end ? std::optional(value) : std::nullopt;
}

void require_weight(const std::string& name, double weight) {
  if (!(weight > 0) || !std::isfinite(weight)) refuse(name, "expected a number above 0");
}

}  // namespace

ClassWeight parse_class_weight(std::string_view text) {
  const StandardFloatingPoint mode;
  ClassWeight weight;
  weight.balanced = text == "balanced";
  if (weight.balanced || text == "none") return weight;
  for (size_t first = 0; first <= text.size();) {
    const std::string_view rest = text.substr(first);
    size_t end = 0;
    std::optional<double> value;
    size_t equals = rest.find('=');
    for (; equals != std::string_view::npos; equals = rest.find('=', equals + 1)) {
      if ((value = number_after(rest, equals, end))) break;
    }
    if (!value || equals == 0) {
      refuse(rest.empty() ? "is empty" : rest, "expected none, balanced, or NAME=WEIGHT,... with weights above 0");
    }
    const std::string name(rest.substr(0, equals));
    require_weight(name, *value);
    if (!weight.by_name.emplace(name, *value).second) refuse(name, "is given twice");
    first += end + 1;
  }
  return weight;
}

std::vector<double> class_weights(const ClassWeight& weight, const std::vector<std::string>& names,
                                  std::span<const int> labels) {
  std::vector<double> weights;
  if (weight.balanced) {
    for (size_t k = 0; k < names.size(); ++k) {
      const auto rows = std::count(labels.begin(), labels.end(), static_cast<int>(k));
      weights.push_back(static_cast<double>(labels.size()) / static_cast<double>(std::ssize(names) * rows));
    }
    return weights;
  }
  if (weight.by_name.empty()) return weights;
  weights.assign(names.size(), 1.0);
  for (const auto& [name, value] : weight.by_name) {
    require_weight(name, value);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      std::string known;
      for (const std::string& each : names) known += (known.empty() ? "" : ", ") + printable(each);
      refuse(name, "no class has this name; the classes are " + known);
    }
    weights[static_cast<size_t>(found - names.begin())] = value;
  }
  return weights;
}

}  // namespace vgg16
