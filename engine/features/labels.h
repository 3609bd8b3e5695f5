// The classes of rows, from labels in any of the forms in which other programs store them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vgg16 {

/// One label per row, as it was stored. `numbers` or `texts` is empty.
struct LabelValues {
  static constexpr size_t kMaxBytes = 8192;  ///< of one text

  std::vector<int64_t> numbers;
  std::vector<std::string> texts;
  bool is_bool = false;  ///< of numbers: 0 is False and 1 is True

  // Each refuses, for the file `name`, what is no class: throws Error{kRefused}, which names the row.
  void add_integer(int64_t value, const std::string& name);
  void add_number(double value, const std::string& name);
  void add_text(std::string text, const std::string& name);
};

/// The class of each row, and the names of the classes.
struct Classes {
  std::vector<int64_t> labels;  ///< indices into names
  std::vector<std::string> names;
};

/// The distinct labels become the classes, in ascending order; text is compared bytewise, which for UTF-8 is the order
/// of the code points. So they are what numpy.unique returns, which scikit-learn calls classes_.
[[nodiscard]] Classes classes_of(const LabelValues& values);

}  // namespace vgg16
