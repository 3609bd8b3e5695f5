// What this build is and what it can run on here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vgg16 {

struct BuildInfo {
  std::string_view version;                        ///< of the program, such as "0.1.0"
  std::vector<std::string_view> backends;          ///< built in: "cpu", perhaps "cuda"
  std::vector<std::string_view> instruction_sets;  ///< of the CPU backend that this machine runs, the one in use first
  std::vector<std::string_view> precisions;        ///< that the CPU backend computes in here: "f32", perhaps "bf16"
  int processors = 0;                              ///< whose time this process gets: the default number of threads
  int processors_allowed = 0;                      ///< that this process may run on
  double cpu_quota = 0;  ///< processor time that the container may take, in processors; 0 where it has no limit
};

[[nodiscard]] BuildInfo build_info();

/// The HDF5 library in use and how it is linked, such as "1.10.8, static".
[[nodiscard]] std::string hdf5_library();

/// The GPUs that the CUDA engine could run on, such as "cuda:0, NVIDIA H200 (sm_90, 141 GB)". Asks the driver, which
/// takes a moment. Throws Error{kDevice} where there are none, saying why.
[[nodiscard]] std::vector<std::string> cuda_device_descriptions();

}  // namespace vgg16
