// Memory use of this process.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace vgg16 {

/// A field of /proc/self/status in KiB.
inline int64_t status_kib(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stoll(line.substr(field.size()));
  }
  return 0;
}

/// Resident memory in KiB, as Linux counts it now.
inline int64_t resident_kib() { return status_kib("VmRSS:"); }

/// How many KiB more than now the process holds at most while it calls `call`.
template <class Call>
int64_t peak_growth_kib(Call call) {
  std::ofstream("/proc/self/clear_refs") << 5;  // Linux begins the peak anew
  const int64_t before = resident_kib();
  call();
  return status_kib("VmHWM:") - before;
}

}  // namespace vgg16
