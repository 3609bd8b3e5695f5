#include <algorithm>

#include "kernels/conv3x3_cudnn.h"

namespace vgg16 {

// Entries come from vgg16_propose_engines on a device, with the run recorded in bench/RESULTS.md. None has been made
// yet: the heuristic's first engine is used everywhere.
std::span<const CudnnTableEntry> cudnn_table() { return {}; }

const CudnnEngine* find_engine(std::span<const CudnnTableEntry> table, int architecture, int64_t cudnn_version,
                               const ConvProblem& problem) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const CudnnTableEntry& entry) {
    return entry.architecture == architecture && entry.cudnn_version == cudnn_version && entry.problem == problem;
  });
  return found == table.end() ? nullptr : &found->engine;
}

}  // namespace vgg16
