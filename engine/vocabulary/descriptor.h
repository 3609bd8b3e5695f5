// An open file descriptor and its one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace vgg16 {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  /// Negative where the file could not be opened.
  [[nodiscard]] int get() const { return fd_; }
  /// Closes now and tells whether the system reported a late write error.
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

}  // namespace vgg16
