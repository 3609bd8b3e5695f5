#include "vgg16/output.h"

#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <system_error>
#include <utility>

#include "files/files.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

// The file that a link finally leads to, or, if there is none, the path that the link itself contains.
fs::path target_of(const fs::path& link) {
  std::error_code unknown;
  const fs::path end = fs::canonical(link, unknown);
  if (!unknown) return end;
  const fs::path next = fs::read_symlink(link, unknown);
  return next.is_absolute() ? next : link.parent_path() / next;
}

}  // namespace

void require_replaceable(const fs::path& path) {
  const std::string name = printable_path(path);
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    throw Error(ErrorCode::kIo, name + " cannot be examined: " + system_message(errno));
  }
  if (S_ISLNK(status.st_mode)) {
    const std::string target = printable_path(target_of(path));
    // A link to a file or to nothing can be written through its target's name; a link to a folder or device cannot.
    const bool file_or_nothing = stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
    throw Error(ErrorCode::kExists, name + " is a link to " + target +
                                        (file_or_nothing ? "; give " + target + " itself as the output"
                                                         : ", which is not a regular file; expected a file to write"));
  }
  if (S_ISDIR(status.st_mode)) throw Error(ErrorCode::kExists, name + " is a folder; expected a file to write");
  if (!S_ISREG(status.st_mode)) {  // root could replace a device such as /dev/null by a file, for all users
    throw Error(ErrorCode::kExists, name + " is not a regular file; expected a file to write");
  }
}

void require_no_input(const std::vector<fs::path>& outputs, const std::vector<fs::path>& inputs) {
  struct stat status {};
  // Files are the same if device and inode are, whatever their names: links, hard links, "./".
  std::map<std::pair<dev_t, ino_t>, const fs::path*> present;
  for (const fs::path& output : outputs) {
    if (stat(output.c_str(), &status) == 0) present.emplace(std::pair(status.st_dev, status.st_ino), &output);
  }
  if (present.empty()) return;
  for (const fs::path& input : inputs) {
    if (stat(input.c_str(), &status) != 0) continue;
    const auto found = present.find({status.st_dev, status.st_ino});
    if (found == present.end()) continue;
    const fs::path& output = *found->second;
    throw Error(ErrorCode::kInvalidArgument, printable_path(output) + " is both input and output" +
                                                 (input == output ? "" : " (it is " + printable_path(input) + ")") +
                                                 "; choose another output");
  }
}

void write_output(const fs::path& path, std::span<const std::byte> content, OutputOptions options) {
  write_file_whole(path, {&content, 1}, options.overwrite ? Replace::kYes : Replace::kNo);
}

}  // namespace vgg16
