#include "extract/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr std::array<std::string_view, 5> kPictureEndings = {".jpg", ".jpeg", ".jpe", ".jfif", ".png"};

// Not std::tolower, which depends on the locale: in a Turkish one "I" is not the upper case of "i", as in ".JFIF".
bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool ends_like_picture(std::string_view name) {
  return std::any_of(kPictureEndings.begin(), kPictureEndings.end(), [&](std::string_view ending) {
    return name.size() >= ending.size() && same_ignoring_case(name.substr(name.size() - ending.size()), ending);
  });
}

// Folders that desktops, file servers and file systems create; some contain pictures, such as thumbnails.
constexpr std::array<std::string_view, 5> kSystemFolders = {"@eaDir", "$RECYCLE.BIN", "System Volume Information",
                                                            "lost+found", "__MACOSX"};

bool is_ignored(std::string_view name) {
  return name.starts_with('.') ||
         std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                     [&](std::string_view folder) { return same_ignoring_case(name, folder); });
}

enum class Kind { kRegular, kFolder, kOther };

struct Entry {
  std::string name;
  Kind kind = Kind::kOther;  // for a link, the kind of its target
  bool is_link = false;
  int error = 0;  // errno if the kind could not be determined
};

// The type of an entry. readdir tells it on most file systems, which saves a stat per file.
Entry look_at(int folder, const dirent& found) {
  Entry entry{.name = found.d_name};
  unsigned char type = found.d_type;
  struct stat status {};
  const auto ask = [&](int flags) {
    if (fstatat(folder, found.d_name, &status, flags) == 0) {
      type = static_cast<unsigned char>(IFTODT(status.st_mode));
    } else {
      entry.error = errno;
    }
  };
  if (type == DT_UNKNOWN) ask(AT_SYMLINK_NOFOLLOW);  // some file systems do not fill in d_type
  entry.is_link = type == DT_LNK;
  if (entry.is_link) ask(0);
  entry.kind = type == DT_REG ? Kind::kRegular : type == DT_DIR ? Kind::kFolder : Kind::kOther;
  return entry;
}

// Appends the entries of `folder` that are not ignored. Returns 0 or an errno.
int read_entries(DIR* folder, std::vector<Entry>& entries) {
  for (;;) {
    errno = 0;
    const dirent* found = readdir(folder);
    if (found == nullptr) return errno;
    if (!is_ignored(found->d_name)) entries.push_back(look_at(dirfd(folder), *found));
  }
}

class Walk {
 public:
  explicit Walk(std::filesystem::path folder) : root_(std::move(folder)) {}

  FolderListing run() {
    if (const int error = list("")) fail_root(error);
    list_folders();
    behind_links_ = true;
    // One level of links at a time, in sorted order, each followed completely before the next: so it does not depend on
    // the system which of several links to a folder counts as the first.
    while (!links_.empty()) {
      std::vector<std::string> links;
      links.swap(links_);
      std::sort(links.begin(), links.end());
      for (std::string& link : links) {
        folders_.push_back(std::move(link));
        list_folders();
      }
    }
    std::sort(listing_.candidates.begin(), listing_.candidates.end());
    return std::move(listing_);
  }

 private:
  [[noreturn]] void fail_root(int error) const {
    const std::string name = printable_path(root_);
    if (error == ENOENT) {
      throw Error(ErrorCode::kNotFound, name + ": no such directory; expected a folder with one sub-folder per class");
    }
    if (error == ENOTDIR) {
      throw Error(ErrorCode::kNotFound, name + " is not a directory; expected a folder of pictures");
    }
    throw Error(ErrorCode::kIo, name + " cannot be read: " + system_message(error));
  }

  // Lists the folders in folders_ and all real folders below them. A list instead of recursion, because deep trees
  // would overflow the stack.
  void list_folders() {
    while (!folders_.empty()) {
      const std::string path = std::move(folders_.back());
      folders_.pop_back();
      const int error = list(path);
      if (error == EMFILE || error == ENFILE || error == ENOMEM) {
        // Too few descriptors or too little memory: skipping the folder would silently lose its pictures.
        throw Error(ErrorCode::kIo, printable_path(root_ / path) + " cannot be read: " + system_message(error));
      }
      if (error != 0) listing_.unlisted.push_back({path, "folder cannot be listed: " + system_message(error)});
    }
  }

  // Lists the folder at `path`, relative to the root. Returns 0 or an errno.
  int list(const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir((root_ / path).c_str()), closedir);
    struct stat status {};
    if (!folder || fstat(dirfd(folder.get()), &status) != 0) return errno;
    const std::pair id(status.st_dev, status.st_ino);
    const auto same = listed_.find(id);
    if (behind_links_ && same != listed_.end()) {
      const std::string first = same->second.empty() ? "the top folder" : printable_path(same->second);
      listing_.links.push_back({path, "the same folder as " + first + ", which is listed already"});
      return 0;
    }
    std::vector<Entry> entries;
    if (const int error = read_entries(folder.get(), entries)) return error;
    // After reading: a folder that cannot be read must be reported again if another link leads to it.
    listed_.try_emplace(id, path);
    // Sub-folders are pushed in reverse order, so that they are taken from the stack in sorted order.
    const size_t to_do = folders_.size();
    for (const Entry& entry : entries) add(entry, path.empty() ? entry.name : path + '/' + entry.name);
    std::sort(folders_.begin() + static_cast<std::ptrdiff_t>(to_do), folders_.end(), std::greater<>());
    return 0;
  }

  void add(const Entry& entry, const std::string& path) {
    const bool in_root = path.size() == entry.name.size();
    const bool like_picture = ends_like_picture(entry.name);
    const bool leads_nowhere = entry.error == ENOENT || entry.error == ENOTDIR || entry.error == ELOOP;
    if (entry.kind == Kind::kFolder) {
      (entry.is_link ? links_ : folders_).push_back(path);
    } else if (entry.error != 0 && (in_root || (!like_picture && !leads_nowhere))) {  // may be a folder of pictures
      listing_.unlisted.push_back({path, reason_of(entry)});
    } else if (entry.kind == Kind::kRegular) {
      (!like_picture ? listing_.other_files : in_root ? listing_.without_class : listing_.candidates).push_back(path);
    } else if (like_picture) {
      listing_.irregular.push_back(path);
    } else if (entry.error != 0) {
      listing_.links.push_back({path, reason_of(entry)});
    }
  }

  static std::string reason_of(const Entry& entry) {
    return (entry.is_link ? "link cannot be followed: " : "cannot be examined: ") + system_message(entry.error);
  }

  std::filesystem::path root_;
  FolderListing listing_;
  std::vector<std::string> folders_;  // to be listed; a stack, the next one last
  std::vector<std::string> links_;    // links to folders, to be listed when folders_ is empty
  bool behind_links_ = false;         // whether folders_ may contain folders that were listed before
  std::map<std::pair<dev_t, ino_t>, std::string> listed_;  // the path under which each folder was listed
};

}  // namespace

FolderListing walk_dataset_folder(const std::filesystem::path& folder) { return Walk(folder).run(); }

// The last part of the path but one.
std::string holding_folder(const std::string& path) {
  const size_t end = path.rfind('/');
  const size_t begin = end == 0 ? std::string::npos : path.rfind('/', end - 1);
  return path.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? 0 : begin + 1));
}

}  // namespace vgg16
