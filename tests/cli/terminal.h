// A terminal for the program to print to.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace vgg16 {

/// A pseudo-terminal for the program, and the output that it received.
class Terminal {
 public:
  explicit Terminal(unsigned short columns = 80) : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) throw std::runtime_error("no terminal");
    path_ = ::ptsname(master_);
    kept_open_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const winsize size = {.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(kept_open_, TIOCSWINSZ, &size);
  }
  ~Terminal() {
    ::close(kept_open_);
    ::close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  const std::string& shown() {
    char some[4096];
    for (ssize_t got = 0; (got = ::read(master_, some, sizeof some)) > 0;)
      shown_.append(some, static_cast<size_t>(got));
    return shown_;
  }

 private:
  int master_;
  int kept_open_ = -1;
  std::filesystem::path path_;
  std::string shown_;
};

}  // namespace vgg16
