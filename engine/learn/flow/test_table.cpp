#include "learn/flow/test_table.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "learn/flow/plan.h"
#include "learn/matrix/rows.h"
#include "vgg16/error.h"
#include "vocabulary/recipe_fields.h"

namespace vgg16 {
namespace {

[[noreturn]] void refuse(const FeatureTable& test, const std::string& what) {
  throw Error(ErrorCode::kRefused, printable(test.name) + ": " + what);
}

void require_same_features(const FeatureTable& table, const FeatureTable& test) {
  for (size_t i = 0; i < kComparedRecipeFields; ++i) {
    const std::string& ours = test.recipe.*kRecipeFields[i].value;
    const std::string& theirs = table.recipe.*kRecipeFields[i].value;
    if (ours.empty() || theirs.empty() || ours == theirs) continue;
    refuse(test, std::string(kRecipeFields[i].words) + " " + printable(ours) + ", but " + printable(table.name) +
                     " has " + printable(theirs) + "; extract both with the same options");
  }
  if (test.columns != table.columns) {
    refuse(test, "rows of " + std::to_string(test.columns) + " numbers, but " + printable(table.name) + " has " +
                     std::to_string(table.columns) + "; extract both with the same options");
  }
}

/// The labels of `test` as class numbers of `table`.
std::vector<int64_t> labels_in(const FeatureTable& table, const FeatureTable& test) {
  std::map<std::string_view, int64_t> number_of;  // of the classes that have rows
  for (const int64_t label : table.labels) number_of.emplace(table.label_names[static_cast<size_t>(label)], label);
  std::vector<int64_t> labels;
  for (const int64_t label : test.labels) {
    const std::string& name = test.label_names[static_cast<size_t>(label)];
    const auto found = number_of.find(name);
    if (found == number_of.end()) {
      refuse(test, "class " + printable(name) + " has no rows in " + printable(table.name) +
                       ", so it cannot be predicted; name the classes alike, or leave it out of the test");
    }
    labels.push_back(found->second);
  }
  return labels;
}

}  // namespace

FeatureTable with_test_rows(const FeatureTable& table, const FeatureTable& test) {
  require_labels(table);
  require_labels(test);
  require_same_features(table, test);
  if (test.rows == 0) refuse(test, "no rows to test with");
  FeatureTable both = table;
  both.rows += test.rows;
  const std::vector<int64_t> test_labels = labels_in(table, test);
  both.labels.insert(both.labels.end(), test_labels.begin(), test_labels.end());
  if (test.files.empty()) both.files.clear();
  if (!both.files.empty()) both.files.insert(both.files.end(), test.files.begin(), test.files.end());
  both.read_rows = [&table, &test](int64_t first, int64_t count, float* out) {
    const int64_t of_train = std::clamp<int64_t>(table.rows - first, 0, count);
    if (of_train > 0) table.read_rows(first, of_train, out);
    if (of_train == count) return;
    float* const test_out = out + of_train * test.columns;
    const int64_t first_test = first + of_train - table.rows;
    test.read_rows(first_test, count - of_train, test_out);
    for (int64_t r = 0; r < count - of_train; ++r) {
      require_finite(test, first_test + r, test_out + r * test.columns);
    }
  };
  return both;
}

}  // namespace vgg16
