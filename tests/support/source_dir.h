// Where the project's own files are, for programs that may be run on another machine than the one that built them.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace vgg16 {

/// The environment variable VGG16_SOURCE_DIR where it is set, else the folder that this was built from.
[[nodiscard]] inline std::filesystem::path source_dir() {
  const char* set = std::getenv("VGG16_SOURCE_DIR");
  return set != nullptr ? set : VGG16_SOURCE_DIR;
}

}  // namespace vgg16
