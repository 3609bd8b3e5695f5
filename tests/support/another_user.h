// File permissions do not apply to root. Where root runs the tests, those of permissions continue as another user.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace vgg16 {

/// "nobody", who owns no file.
inline constexpr uid_t kAnotherUser = 65534;

/// During its lifetime this process opens files without root's rights: as kAnotherUser if it runs as root, else
/// unchanged. Makes `folder`, which must be the test's own, readable by everybody.
class AnotherUser {
 public:
  explicit AnotherUser(const std::filesystem::path& folder) {
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    if (own_ == 0 && seteuid(kAnotherUser) != 0) throw std::system_error(errno, std::generic_category(), "seteuid");
  }
  ~AnotherUser() {
    if (own_ == 0) static_cast<void>(!seteuid(own_));
  }
  AnotherUser(const AnotherUser&) = delete;
  AnotherUser& operator=(const AnotherUser&) = delete;

 private:
  uid_t own_ = geteuid();
};

/// `command` as somebody who is not root would run it; the program must be where kAnotherUser can reach it.
inline std::vector<std::string> as_another_user(const std::vector<std::string>& command) {
  if (geteuid() != 0) return command;
  const std::string id = std::to_string(kAnotherUser);
  std::vector<std::string> words = {"setpriv", "--reuid", id, "--regid", id, "--clear-groups"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace vgg16
