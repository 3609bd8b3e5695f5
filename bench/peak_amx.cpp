#define VGG16_AMX_TILES
#include <random>

#include "bench/peaks.h"
#include "kernels/amx_tiles.h"

// Random numbers: products of zeros take less power, and so run at a higher clock.
double vgg16::multiply_adds_amx(int64_t rounds) {
  alignas(64) uint16_t operands[4][kTileRows * kTileBytes / 2];
  std::minstd_rand random(1);
  for (auto& tile : operands) {
    for (uint16_t& x : tile) x = static_cast<uint16_t>((random() & 0x803FU) | 0x3F00U);
  }
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) {
    shapes.rows[tile] = kTileRows;
    shapes.row_bytes[tile] = kTileBytes;
  }
  Tiles tiles(shapes);
  tiles.load<4>(operands[0], kTileBytes);
  tiles.load<5>(operands[1], kTileBytes);
  tiles.load<6>(operands[2], kTileBytes);
  tiles.load<7>(operands[3], kTileBytes);
  for (int64_t round = 0; round < rounds; ++round) {
    tiles.multiply_add<0, 4, 6>();
    tiles.multiply_add<1, 4, 7>();
    tiles.multiply_add<2, 5, 6>();
    tiles.multiply_add<3, 5, 7>();
  }
  return 2.0 * 4 * 16 * 16 * 32 * static_cast<double>(rounds);
}
