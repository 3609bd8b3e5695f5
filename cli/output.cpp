#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "vgg16/error.h"
#include "vgg16/output.h"

namespace vgg16 {

void require_output(const std::filesystem::path& path, std::span<const std::string> inputs, bool replace,
                    std::string_view remedy) {
  namespace fs = std::filesystem;
  const std::string name = printable_path(path);
  require(!path.empty(), ErrorCode::kInvalidArgument, "the output file has an empty name");
  require(path != "-", ErrorCode::kInvalidArgument,
          "the output cannot be standard output; give it a file name (./- for a file called -)");
  require_replaceable(path);
  require_no_input({path}, {inputs.begin(), inputs.end()});
  std::error_code unknown;
  if (!replace && fs::exists(fs::symlink_status(path, unknown))) {
    throw Error(ErrorCode::kExists, name + " already exists; " + std::string(remedy));
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, unknown)) {
    throw Error(ErrorCode::kNotFound,
                name + " cannot be created: there is no folder " + printable_path(folder) + "; create it first");
  }
  // Not exact (access uses the real user), but it finds the common mistake before hours of work.
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(ErrorCode::kIo, name + " cannot be created: " + system_message(errno));
  }
}

}  // namespace vgg16
