#include "c/status.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace vgg16 {
namespace {

// Without a destructor, which would keep a shared library in memory until the thread ends.
thread_local std::array<char, 1024> last_error = {};

}  // namespace

vgg16_status failed(vgg16_status status, const char* text) {
  std::string_view line = text;
  if (line.size() >= last_error.size()) {
    size_t end = last_error.size() - 1;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U)
      --end;  // not inside a character of UTF-8
    line = line.substr(0, end);
  }
  *std::copy(line.begin(), line.end(), last_error.begin()) = '\0';
  return status;
}

vgg16_status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return VGG16_INVALID_ARGUMENT;
    case ErrorCode::kShape:
      return VGG16_WRONG_SIZE;
    case ErrorCode::kNotFound:
      return VGG16_NOT_FOUND;
    case ErrorCode::kExists:
      return VGG16_EXISTS;
    case ErrorCode::kIo:
      return VGG16_IO;
    case ErrorCode::kMemory:
      return VGG16_MEMORY;
    case ErrorCode::kDevice:
      return VGG16_DEVICE;
    case ErrorCode::kRefused:
      return VGG16_REFUSED;
    case ErrorCode::kCancelled:
      return VGG16_CANCELLED;
  }
  return VGG16_INTERNAL;
}

}  // namespace vgg16

const char* vgg16_last_error(void) { return vgg16::last_error.data(); }

const char* vgg16_version(void) { return VGG16_VERSION; }

vgg16_status vgg16_check_version(int major, int minor) {
  if (major == VGG16_VERSION_MAJOR && minor == VGG16_VERSION_MINOR) return VGG16_OK;
  return vgg16::guarded([&] {
    throw vgg16::Error(vgg16::ErrorCode::kInvalidArgument, "the program was compiled with vgg16.h of version " +
                                                               std::to_string(major) + "." + std::to_string(minor) +
                                                               ", this library is " VGG16_VERSION);
  });
}
