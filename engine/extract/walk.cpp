#include "extract/walk.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

struct EndingRule {
  std::string_view ending;
  std::string_view unsupported;  // the format's name where it is not read
};
constexpr std::array<EndingRule, 8> kEndings = {{{".jpg", {}},
                                                 {".jpeg", {}},
                                                 {".png", {}},
                                                 {".bmp", "BMP"},
                                                 {".gif", "GIF"},
                                                 {".tif", "TIFF"},
                                                 {".tiff", "TIFF"},
                                                 {".webp", "WebP"}}};

// Locale-free: a Turkish locale must not change which files are pictures.
bool ends_with_ignoring_case(std::string_view name, std::string_view ending) {
  if (name.size() < ending.size()) return false;
  name.remove_prefix(name.size() - ending.size());
  return std::equal(name.begin(), name.end(), ending.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

const EndingRule* find_rule(std::string_view name) {
  const auto* rule = std::find_if(kEndings.begin(), kEndings.end(),
                                  [&](const EndingRule& r) { return ends_with_ignoring_case(name, r.ending); });
  return rule == kEndings.end() ? nullptr : rule;
}

enum class Kind { kRegular, kFolder, kOther };

struct Entry {
  std::string name;
  Kind kind;
};

struct FolderId {
  dev_t device;
  ino_t inode;
  friend bool operator==(const FolderId& a, const FolderId& b) { return a.device == b.device && a.inode == b.inode; }
};

Kind kind_of(mode_t mode) { return S_ISREG(mode) ? Kind::kRegular : S_ISDIR(mode) ? Kind::kFolder : Kind::kOther; }

class Walk {
 public:
  explicit Walk(std::filesystem::path folder) : root_(std::move(folder)) {}

  FolderListing run() {
    struct stat status {};
    if (stat(root_.c_str(), &status) != 0) fail_root(errno);
    if (!S_ISDIR(status.st_mode)) {
      throw Error(ErrorCode::kNotFound,
                  printable(root_.native()) + " is not a directory; expected a folder of pictures");
    }
    std::vector<Entry> entries;
    if (const int error = read_folder(root_, entries)) fail_root(error);
    ancestors_.push_back({status.st_dev, status.st_ino});
    visit(entries, "");
    std::sort(listing_.candidates.begin(), listing_.candidates.end());
    return std::move(listing_);
  }

 private:
  [[noreturn]] void fail_root(int error) const {
    if (error == ENOENT) {
      throw Error(ErrorCode::kNotFound,
                  printable(root_.native()) + ": no such directory; expected a folder with one sub-folder per class");
    }
    throw Error(error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
                printable(root_.native()) + " cannot be read: " + system_message(error));
  }

  // The entries of `folder` that are not hidden; 0 or an errno. The folder is closed before any other is opened, so
  // that deep trees do not use up descriptors.
  static int read_folder(const std::filesystem::path& folder, std::vector<Entry>& entries) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), closedir);
    if (!stream) return errno;
    for (;;) {
      errno = 0;
      const dirent* found = readdir(stream.get());
      if (found == nullptr) return errno;
      const std::string_view name = found->d_name;
      if (name.starts_with('.')) continue;
      Kind kind = found->d_type == DT_REG ? Kind::kRegular : found->d_type == DT_DIR ? Kind::kFolder : Kind::kOther;
      if (found->d_type == DT_LNK || found->d_type == DT_UNKNOWN) {
        struct stat status {};
        kind = stat((folder / name).c_str(), &status) == 0 ? kind_of(status.st_mode) : Kind::kOther;
      }
      entries.push_back({std::string(name), kind});
    }
  }

  // `below` is the folder's path below the root: empty, or ending in '/'.
  void visit(const std::vector<Entry>& entries, const std::string& below) {
    for (const Entry& entry : entries) {
      const EndingRule* rule = find_rule(entry.name);
      const std::string path = below + entry.name;
      if (rule == nullptr) {
        if (entry.kind == Kind::kFolder) descend(path);
      } else if (entry.kind == Kind::kFolder || (rule->unsupported.empty() && entry.kind == Kind::kOther)) {
        listing_.irregular.push_back(path);
      } else if (!rule->unsupported.empty()) {
        listing_.unsupported.push_back({path, std::string(rule->unsupported) + " is not supported"});
      } else {
        (below.empty() ? listing_.without_class : listing_.candidates).push_back(path);
      }
    }
  }

  void descend(const std::string& path) {
    const std::filesystem::path folder = root_ / path;
    struct stat status {};
    std::vector<Entry> entries;
    int error = stat(folder.c_str(), &status) == 0 ? 0 : errno;
    const FolderId id = {status.st_dev, status.st_ino};
    if (error == 0) {
      if (std::find(ancestors_.begin(), ancestors_.end(), id) != ancestors_.end()) return;
      error = read_folder(folder, entries);
    }
    if (error == EMFILE || error == ENFILE || error == ENOMEM) {  // not the folder's fault
      throw Error(ErrorCode::kIo, printable(folder.native()) + " cannot be read: " + system_message(error));
    }
    if (error != 0) {
      listing_.unreadable.push_back({path, "folder cannot be read: " + system_message(error)});
      return;
    }
    ancestors_.push_back(id);
    visit(entries, path + '/');
    ancestors_.pop_back();
  }

  std::filesystem::path root_;
  FolderListing listing_;
  std::vector<FolderId> ancestors_;  // of the folder being visited, itself included
};

}  // namespace

FolderListing walk_dataset_folder(const std::filesystem::path& folder) { return Walk(folder).run(); }

std::string holding_folder(const std::string& path) {
  const size_t end = path.rfind('/');
  const size_t begin = end == 0 ? std::string::npos : path.rfind('/', end - 1);
  return path.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? 0 : begin + 1));
}

}  // namespace vgg16
