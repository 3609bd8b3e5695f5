// An input as a file, for readers that take a path: one file per process, in memory where the system has a place for
// that.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

namespace vgg16 {

inline std::filesystem::path as_input_file(const uint8_t* data, size_t size) {
  static const struct File {
    File()
        : path(std::filesystem::path(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") /
               ("vgg16-fuzz-" + std::to_string(getpid()))) {}
    ~File() { std::remove(path.c_str()); }
    std::filesystem::path path;
  } file;
  std::FILE* stream = std::fopen(file.path.c_str(), "wb");
  if (stream != nullptr) {
    std::fwrite(data, 1, size, stream);
    std::fclose(stream);
  }
  return file.path;
}

}  // namespace vgg16
