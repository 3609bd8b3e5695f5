// How much processor time the container, or another control group, leaves to this process.
#pragma once

#include <filesystem>

namespace vgg16 {

/// The tightest limit on processor time of this process's control group and those around it, as far as they can be seen
/// from here, in processors: 1.5 is 150 ms of every 100 ms. 0 where there is none. Reads `cpu.max` (version 2) and
/// `cpu.cfs_quota_us`, `cpu.cfs_period_us` (version 1) where /proc/self/cgroup and /proc/self/mountinfo lead to, all of
/// them below `root`; what cannot be read or understood is no limit.
/// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst; proc(5), cgroups(7).
[[nodiscard]] double cpu_quota(const std::filesystem::path& root = "/");

}  // namespace vgg16
