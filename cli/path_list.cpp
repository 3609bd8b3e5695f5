#include "path_list.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "vgg16/error.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using std::string_view_literals::operator""sv;

constexpr size_t kStart = 512;      // as much as picture_format() needs
constexpr size_t kAtOnce = 65'536;  // a full pipe

// What Windows' programs write to a file: read as bytes, every letter would be a path.
void refuse_utf16(std::string_view start, const std::string& name) {
  if (!start.starts_with("\xFF\xFE") && !start.starts_with("\xFE\xFF")) return;
  throw Error(ErrorCode::kRefused, name + " is text in UTF-16; save the list of paths as UTF-8");
}

void refuse_picture(std::string_view start, const std::string& name) {
  const std::string_view format = picture_format(std::as_bytes(std::span(start)));
  if (format.empty()) return;
  throw Error(ErrorCode::kRefused, name + " holds a picture (" + std::string(format) +
                                       "), expected a list of paths, such as a line with the path of this one");
}

// A link to nothing is there, too: opening it says what is wrong.
bool is_there(std::string_view name) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(name, unknown));
}

// A line without the marks that editors and other systems put around a name.
std::string_view without_marks(std::string_view line, bool first) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (first && line.starts_with(kByteOrderMark) && !is_there(line)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r') && !is_there(line)) line.remove_suffix(1);
  return line;
}

}  // namespace

PathList::PathList(int fd, Separator separator, std::string name)
    : fd_(fd), name_(std::move(name)), separators_(separator == Separator::kFirst ? "\n\0"sv : "\0"sv) {}

// Whether a read would wait.
bool PathList::pauses() const {
  struct pollfd input = {fd_, POLLIN, 0};
  return ::poll(&input, 1, 0) == 0;
}

void PathList::throw_unreadable() const {
  throw Error(ErrorCode::kIo, name_ + " cannot be read: " + system_message(errno));
}

// Waits for more, or the end.
void PathList::read_more() {
  text_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  if (text_.size() > kLongest) {  // all of it one unfinished path
    text_.resize(kLongest);
    searched_ = kLongest;
  }
  const size_t had = text_.size();
  text_.resize(had + kAtOnce);
  ssize_t got = -1;
  do {
    struct pollfd input = {fd_, POLLIN, 0};  // a descriptor that does not wait by itself may have been inherited
    if (::poll(&input, 1, -1) < 0 && errno != EINTR) throw_unreadable();
    got = ::read(fd_, text_.data() + had, kAtOnce);
    if (got < 0 && errno != EINTR && errno != EAGAIN) throw_unreadable();
  } while (got < 0);
  text_.resize(had + static_cast<size_t>(got));
  ended_ = got == 0;  // it is not read again: a terminal would ask
}

void PathList::check_start() {
  while (!ended_ && text_.size() < kStart && (text_.empty() || !pauses())) read_more();
  refuse_picture(std::string_view(text_).substr(0, kStart), name_);
  refuse_utf16(text_, name_);
  start_checked_ = true;
}

// The next path, if its end is there.
std::optional<fs::path> PathList::take() {
  size_t end = text_.find_first_of(separators_, searched_);
  if (end != std::string::npos) {
    separators_.assign(1, text_[end]);
  } else {
    searched_ = end = text_.size();
    if (!ended_ || begin_ == end) return std::nullopt;
  }
  std::string_view name = std::string_view(text_).substr(begin_, std::min(end - begin_, kLongest));
  if (separators_ != "\0"sv) name = without_marks(name, at_start_);
  at_start_ = false;
  begin_ = searched_ = std::min(end + 1, text_.size());
  return name;
}

std::vector<fs::path> PathList::next(size_t most) {
  if (!start_checked_) check_start();
  std::vector<fs::path> paths;
  while (paths.size() < most) {
    if (auto path = take()) {
      paths.push_back(std::move(*path));
    } else if (ended_ || (!paths.empty() && pauses())) {
      break;
    } else {
      read_more();
    }
  }
  return paths;
}

}  // namespace vgg16
