#include <algorithm>
#include <vector>

#include "kernels/conv3x3_cudnn.h"

namespace vgg16 {

std::span<const CudnnTableEntry> cudnn_table() {
  static const std::vector<CudnnTableEntry> entries = {
#include "kernels/conv3x3_cudnn_table.inc"
  };
  return entries;
}

const CudnnEngine* find_engine(std::span<const CudnnTableEntry> table, int architecture, int64_t cudnn_version,
                               const ConvProblem& problem) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const CudnnTableEntry& entry) {
    return entry.architecture == architecture && entry.cudnn_version == cudnn_version && entry.problem == problem;
  });
  return found == table.end() ? nullptr : &found->engine;
}

}  // namespace vgg16
