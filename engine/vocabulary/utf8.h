// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

/// Length of the valid sequence at the start of `text`, or 0.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

/// "\xHH".
[[nodiscard]] std::string escaped_byte(char byte);

/// Applies escape_name() (vgg16/names.h) to all names if one of them is not UTF-8. For names from outside that should
/// be text already; different names stay different.
void escape_unless_utf8(std::vector<std::string>& names);

}  // namespace vgg16
