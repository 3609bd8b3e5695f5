#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

#include "learn/flow/plan.h"

namespace vgg16 {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

/// The number in a file of the kernel that has only one; kUnlimited if there is no such file or it says "max".
int64_t number_in(const std::string& path) {
  std::ifstream file(path);
  uint64_t value = 0;
  if (!(file >> value)) return kUnlimited;
  return static_cast<int64_t>(std::min<uint64_t>(value, static_cast<uint64_t>(kUnlimited)));
}

/// The value after `key` in a file with lines "key: value kB", in kB; -1 if it is missing.
int64_t kilobytes_in(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    int64_t value = 0;
    if (word == key && file >> value) return value;
  }
  return -1;
}

/// How much memory the limits of the control group leave: of version 2 (the process's group and its ancestors) or 1.
int64_t left_in_control_group() {
  int64_t left = kUnlimited;
  const auto consider = [&](const std::string& limit, const std::string& usage) {
    const int64_t most = number_in(limit);
    const int64_t used = number_in(usage);
    if (most == kUnlimited || used == kUnlimited) return;
    left = std::min(left, std::max<int64_t>(0, most - used));
  };
  // Version 2: the line "0::/path". Every ancestor may have a smaller limit than the group itself.
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    std::string group = line.substr(3);
    while (true) {
      const std::string folder = "/sys/fs/cgroup" + group + (group.ends_with('/') ? "" : "/");
      consider(folder + "memory.max", folder + "memory.current");
      const size_t slash = group.find_last_of('/');
      if (slash == std::string::npos || group == "/") break;
      group = slash == 0 ? "/" : group.substr(0, slash);
    }
  }
  // Version 1, as a container usually sees it: its own group is mounted at this place.
  consider("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes");
  return left;
}

/// How much memory a limit of the process (ulimit) leaves, after what the process already uses.
int64_t left_of_limit(int resource, const char* status_key) {
  rlimit limit{};
  if (getrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return kUnlimited;
  }
  const int64_t used = std::max<int64_t>(0, kilobytes_in("/proc/self/status", status_key)) * 1024;
  return std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) - used);
}

}  // namespace

int64_t available_memory_bytes() {
  // MemAvailable counts memory that the system can reclaim, such as file caches; half of all memory if it is not
  // reported.
  int64_t available = kilobytes_in("/proc/meminfo", "MemAvailable:") * 1024;
  if (available < 0) available = sysconf(_SC_PHYS_PAGES) * static_cast<int64_t>(sysconf(_SC_PAGESIZE)) / 2;
  return std::min(
      {available, left_in_control_group(), left_of_limit(RLIMIT_AS, "VmSize:"), left_of_limit(RLIMIT_DATA, "VmData:")});
}

}  // namespace vgg16
