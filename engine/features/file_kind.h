// Recognising what kind of file was given where a features file was expected.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace vgg16 {

/// The kind of file that begins with these bytes, such as "a Python pickle", or "of an unknown kind".
[[nodiscard]] std::string_view file_kind(std::span<const std::byte> first_bytes);

}  // namespace vgg16
