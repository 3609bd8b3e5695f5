// A shape as messages show it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace vgg16 {

/// "(3, 4)".
[[nodiscard]] inline std::string shape_text(std::span<const int64_t> dims) {
  std::string text;
  for (const int64_t dim : dims) text.append(text.empty() ? "" : ", ").append(std::to_string(dim));
  return std::string("(").append(text).append(")");
}

}  // namespace vgg16
