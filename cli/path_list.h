// A list of paths on standard input or in a file, taken as it comes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

/// What separates the paths of a list.
enum class Separator {
  kFirst,  ///< a line feed or NUL, whichever comes first in the list
  kNul,
};

/// Keeps no more of the list than what was read last and one unfinished path.
class PathList {
 public:
  static constexpr size_t kLongest = 8'192;  ///< bytes of a path, twice the system's PATH_MAX

  /// `fd` stays open, and is read by nobody else. `name` is what messages call it.
  PathList(int fd, Separator separator, std::string name = "standard input");

  /// Waits for a path. Returns it and those that are there behind it, at most `most` (1 or more); nothing at the end of
  /// the list. Where lines separate, a carriage return at the end of a line and a byte order mark before the first one
  /// are taken off, unless there is a file of the name as given. A path can be empty. One that is longer than
  /// kLongest is cut to that, which is still too long for the system.
  ///
  /// Throws Error{kRefused} if the list begins as a picture or as text in UTF-16, Error{kIo} if it cannot be read.
  [[nodiscard]] std::vector<std::filesystem::path> next(size_t most);

 private:
  [[nodiscard]] bool pauses() const;
  [[noreturn]] void throw_unreadable() const;
  void read_more();
  void check_start();
  std::optional<std::filesystem::path> take();

  int fd_;
  std::string name_;
  std::string separators_;  ///< one of these, until the first one is found
  std::string text_;        ///< what was read last
  size_t begin_ = 0;        ///< where in it the next path begins
  size_t searched_ = 0;     ///< before this place, there is no separator in the next path
  bool at_start_ = true;    ///< nothing was taken yet
  bool start_checked_ = false;
  bool ended_ = false;
};

}  // namespace vgg16
