// What a file that is not a features file seems to be.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace vgg16 {

/// The first bytes' kind, such as "a Python pickle", or "of an unknown kind".
[[nodiscard]] std::string_view file_kind(std::span<const std::byte> first_bytes);

}  // namespace vgg16
