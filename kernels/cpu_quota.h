// The quota of processor time that a container, or any other control group, gives this process.
#pragma once

#include <filesystem>

namespace vgg16 {

/// The smallest quota of this process's control group and its ancestors, as far as they are visible to it, in
/// processors: 1.5 means 150 ms of processor time in every 100 ms. 0 if there is no quota. The groups are found through
/// /proc/self/cgroup and /proc/self/mountinfo; their quota is in `cpu.max` (version 2) or `cpu.cfs_quota_us` and
/// `cpu.cfs_period_us` (version 1). All paths are taken below `root`, which tests set. A file that cannot be read or
/// parsed counts as no quota. Throws nothing but std::bad_alloc.
/// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst; proc(5), cgroups(7).
[[nodiscard]] double cpu_quota(const std::filesystem::path& root = "/");

}  // namespace vgg16
