#include "kernels/cpu_quota.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

// A line of /proc/self/cgroup: one hierarchy of control groups that may limit processor time, and this process's group
// in it. The line of version 2 lists no controllers; those of version 1 count only if they list "cpu".
struct Hierarchy {
  bool version_2 = false;
  fs::path group;  // this process's, from the hierarchy's root as this process sees it
};

// A line of /proc/self/mountinfo: a folder where a part of a hierarchy is mounted.
struct Mount {
  bool version_2 = false;
  fs::path group;  // the group whose files are in `folder`
  fs::path folder;
};

// Whether a comma-separated list of controllers contains "cpu" (and not only "cpuset" or "cpuacct").
bool lists_cpu(const std::string& names) { return ("," + names + ",").find(",cpu,") != std::string::npos; }

// ID:CONTROLLERS:GROUP, where a group's name may hold colons.
std::optional<Hierarchy> hierarchy_of(const std::string& line) {
  const size_t first = line.find(':');
  if (first == std::string::npos) return std::nullopt;
  const size_t second = line.find(':', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  if (!controllers.empty() && !lists_cpu(controllers)) return std::nullopt;
  return Hierarchy{controllers.empty(), line.substr(second + 1)};
}

// Undoes the escapes of mountinfo, which writes blanks and backslashes as a backslash and three octal digits.
std::string unescaped(std::string_view name) {
  const auto digit = [&](size_t at) { return at < name.size() && name[at] >= '0' && name[at] <= '7'; };
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      text += static_cast<char>((name[i + 1] - '0') * 64 + (name[i + 2] - '0') * 8 + (name[i + 3] - '0'));
      i += 3;
    } else {
      text += name[i];
    }
  }
  return text;
}

// ID PARENT DEVICE GROUP FOLDER OPTIONS [TAG...] - TYPE SOURCE OPTIONS
std::optional<Mount> mount_of(const std::string& line) {
  std::istringstream stream(line);
  const std::vector<std::string> words(std::istream_iterator<std::string>(stream), {});
  const auto dash = std::find(words.begin() + std::min<ptrdiff_t>(6, std::ssize(words)), words.end(), "-");
  if (words.end() - dash < 4) return std::nullopt;
  const bool version_2 = dash[1] == "cgroup2";
  if (!version_2 && !(dash[1] == "cgroup" && lists_cpu(dash[3]))) return std::nullopt;
  return Mount{version_2, unescaped(words[3]), unescaped(words[4])};
}

template <class Value>
std::vector<Value> read_lines(const fs::path& path, std::optional<Value> (*parse)(const std::string&)) {
  std::vector<Value> values;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    if (auto value = parse(line)) values.push_back(*std::move(value));
  }
  return values;
}

// The group's own quota in processors; infinite if it has none: "max" (not a number), -1, or no such file.
double limit_of(const fs::path& group, bool version_2) {
  double quota_us = -1;
  double period_us = -1;
  if (version_2) {
    std::ifstream(group / "cpu.max") >> quota_us >> period_us;
  } else {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota_us;
    std::ifstream(group / "cpu.cfs_period_us") >> period_us;
  }
  return quota_us > 0 && period_us > 0 ? quota_us / period_us : INFINITY;
}

// The path of `group` relative to `top`: "." if they are the same, empty if `group` is not below `top`.
fs::path name_below(const fs::path& top, const fs::path& group) {
  const fs::path name = group.lexically_relative(top);
  return name.empty() || *name.begin() == ".." ? fs::path() : name;
}

}  // namespace

// A group is limited by the smallest quota among itself and its ancestors. Every hierarchy and mount is examined,
// because versions 1 and 2 can be mounted at the same time.
double cpu_quota(const fs::path& root) {
  const auto mounts = read_lines(root / "proc/self/mountinfo", mount_of);
  double tightest = INFINITY;
  for (const Hierarchy& hierarchy : read_lines(root / "proc/self/cgroup", hierarchy_of)) {
    const auto shows_it = [&](const Mount& mount) {
      return mount.version_2 == hierarchy.version_2 && !name_below(mount.group, hierarchy.group).empty();
    };
    const bool is_shown = std::any_of(mounts.begin(), mounts.end(), shows_it);
    for (const Mount& mount : mounts) {
      if (mount.version_2 != hierarchy.version_2 || (is_shown && !shows_it(mount))) continue;
      const fs::path top = root / mount.folder.relative_path();
      // From the process's group up to the mounted one. In a container without a cgroup namespace no mount contains the
      // group by name (is_shown is false); then what is mounted is the container's own group or an ancestor, and its
      // quota alone is taken.
      for (fs::path below = name_below(mount.group, hierarchy.group); !below.empty(); below = below.parent_path()) {
        tightest = std::min(tightest, limit_of(top / below, hierarchy.version_2));
      }
      tightest = std::min(tightest, limit_of(top, hierarchy.version_2));
    }
  }
  return std::isinf(tightest) ? 0 : tightest;
}

}  // namespace vgg16
