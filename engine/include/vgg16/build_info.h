// What this build contains, and what of it this machine can run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace vgg16 {

struct BuildInfo {
  std::string_view version;                        ///< of the program, such as "0.1.0"
  std::vector<std::string_view> backends;          ///< engines of this build: "cpu", perhaps "cuda"
  std::vector<std::string_view> instruction_sets;  ///< of the CPU engine that this machine can run, the default first
  std::vector<std::string_view> precisions;        ///< of the CPU engine on this machine: "f32", perhaps "bf16"
  std::vector<std::string_view> precision_sets;    ///< of each of `precisions`, the instruction set that computes it
  std::vector<std::string_view> slow_precisions;   ///< those of `precisions` that are slower than "f32" here
  int processors = 0;          ///< the default number of threads: processors_allowed, at most cpu_quota rounded up
  int processors_allowed = 0;  ///< processors that the scheduler may run this process on
  double cpu_quota = 0;        ///< the container's quota of processor time, in processors; 0 if it has none
};

[[nodiscard]] BuildInfo build_info();

/// The HDF5 library in use and how it is linked, such as "1.10.8, static".
[[nodiscard]] std::string hdf5_library();

/// The GPUs that the driver shows, such as "cuda:0, NVIDIA H200 (sm_90, 141 GB)". Initialises the driver, which takes
/// some time. Throws Error{kDevice}, which says why, if there are none.
[[nodiscard]] std::vector<std::string> cuda_device_descriptions();

}  // namespace vgg16
#pragma GCC visibility pop
