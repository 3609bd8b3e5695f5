// The list of paths on standard input, for `-`.
#pragma once

#include <filesystem>
#include <istream>
#include <vector>

namespace vgg16 {

/// What separates the paths of a list.
enum class Separator {
  kFirst,  ///< a line feed or NUL, whichever comes first in the list
  kNul,
};

/// Reads `in` to its end. Empty paths are left out. Where lines separate, a carriage return at the end of a line and a
/// byte order mark before the first one are taken off, unless there is a file of the name as given. Throws
/// Error{kRefused} if `in` holds a picture or text in UTF-16.
[[nodiscard]] std::vector<std::filesystem::path> read_path_list(std::istream& in, Separator separator);

}  // namespace vgg16
