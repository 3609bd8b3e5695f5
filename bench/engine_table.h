// The table of cuDNN engines that the benchmarks use.
#pragma once

#include <cstdlib>
#include <span>
#include <vector>

#include "bench/engine_lines.h"

namespace vgg16 {

/// The lines of the file that VGG16_ENGINES names, where it is set; else the committed table.
[[nodiscard]] inline std::span<const CudnnTableEntry> engines_to_measure() {
  static const std::vector<CudnnTableEntry> proposed = std::getenv("VGG16_ENGINES") != nullptr
                                                           ? read_engine_lines(std::getenv("VGG16_ENGINES"))
                                                           : std::vector<CudnnTableEntry>();
  return std::getenv("VGG16_ENGINES") != nullptr ? std::span<const CudnnTableEntry>(proposed) : cudnn_table();
}

}  // namespace vgg16
