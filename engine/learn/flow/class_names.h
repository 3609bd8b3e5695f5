// Several classes in one message.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "vgg16/error.h"

namespace vgg16 {

/// How many `classes` there are and the first five, escaped: "7 classes (a, b, c, d, e, ...)".
[[nodiscard]] inline std::string classes_text(std::span<const std::string> classes) {
  constexpr size_t kNamed = 5;
  std::string text = std::to_string(classes.size()) + " classes (";
  for (size_t i = 0; i < std::min(classes.size(), kNamed); ++i) text += (i == 0 ? "" : ", ") + printable(classes[i]);
  return text + (classes.size() > kNamed ? ", ..." : "") + ")";
}

}  // namespace vgg16
