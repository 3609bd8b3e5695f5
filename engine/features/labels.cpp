#include "features/labels.h"

#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Sets `index` to the place of each value among the distinct ones in ascending order, and returns these.
template <class Key, class Value>
std::vector<Key> distinct(const std::vector<Value>& values, std::vector<int64_t>& index) {
  std::map<Key, int64_t> places;
  for (const Value& value : values) places.emplace(value, 0);
  std::vector<Key> found;
  for (auto& [key, place] : places) {
    place = static_cast<int64_t>(found.size());
    found.push_back(key);
  }
  index.reserve(values.size());
  for (const Value& value : values) index.push_back(places.find(Key(value))->second);
  return found;
}

}  // namespace

Classes classes_of(const LabelValues& values) {
  Classes classes;
  for (const std::string_view text : distinct<std::string_view>(values.texts, classes.labels)) {
    classes.names.emplace_back(text);
  }
  for (const int64_t number : distinct<int64_t>(values.numbers, classes.labels)) {
    classes.names.push_back(!values.is_bool ? std::to_string(number) : number == 0 ? "False" : "True");
  }
  return classes;
}

void LabelValues::add_integer(int64_t value, const std::string& name) {
  require(value < INT64_MAX, ErrorCode::kRefused,
          name + " holds a label beyond 2^63 in row " + std::to_string(numbers.size()) + "; number the classes from 0");
  numbers.push_back(value);
}

void LabelValues::add_number(double value, const std::string& name) {
  const double limit = 0x1p63;
  const size_t row = numbers.size();
  if (std::trunc(value) != value || value < -limit || value >= limit) {
    throw Error(ErrorCode::kRefused, name + " holds the label " + shortest(value) + " in row " + std::to_string(row) +
                                         ", expected a class: a whole number or text");
  }
  numbers.push_back(static_cast<int64_t>(value));
}

void LabelValues::add_text(std::string text, const std::string& name) {
  require(!text.empty(), ErrorCode::kRefused,
          name + " has an empty label in row " + std::to_string(texts.size()) + "; give every row a class");
  require(text.size() <= kMaxBytes, ErrorCode::kRefused,
          name + " has a label of " + std::to_string(text.size()) + " bytes in row " + std::to_string(texts.size()));
  texts.push_back(std::move(text));
}

}  // namespace vgg16
