// The tile size of each convolution of the CPU engine.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "vgg16/weights.h"

namespace vgg16 {

/// Side of the output tile of each convolution, by conv index; 0 for the first, which is direct. Larger tiles multiply
/// less and round more. The choice depends on the layer alone, not on the batch: otherwise a picture's features would
/// depend on its batch. In float32, F(6x6) up to block3_conv1 and F(4x4) after it keep block5_pool within 2.5e-6
/// (relative L2) of a forward pass in double on real pictures. In bfloat16 the transforms amplify the rounding of the
/// operands: F(4x4) up to block4 and F(2x2) after it keep it within 1.3e-2 (bench/RESULTS.md).
using WinogradTiles = std::array<int, kConvLayers>;
inline constexpr WinogradTiles kWinogradTilesF32 = {0, 6, 6, 6, 6, 4, 4, 4, 4, 4, 4, 4, 4};
inline constexpr WinogradTiles kWinogradTilesBf16 = {0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 2};

[[nodiscard]] constexpr int winograd_tile(size_t conv, std::string_view precision) {
  return (precision == "bf16" ? kWinogradTilesBf16 : kWinogradTilesF32)[conv];
}

}  // namespace vgg16
