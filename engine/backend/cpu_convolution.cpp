#include "backend/cpu_convolution.h"

#include <algorithm>

namespace vgg16 {
namespace {

// Bytes of transformed tiles per strip: they share 1 MB of L2 with their products and a kernel panel.
constexpr int64_t kStripBytes = 600 << 10;
// Tiles per product scratch when cut by panels.
constexpr int kPanelTiles = 56;
// Strips are made of whole blocks of tiles, as the widest kernels take them.
constexpr int kTilesPerBlock = 14;
// Channel blocks that a thread transforms at a time when tiles are shared.
constexpr int kBlocksAtATime = 8;

int ceil_div(int a, int b) { return (a + b - 1) / b; }

int strip_tiles(const WinogradLayer& layer) {
  const auto fit = static_cast<int>(kStripBytes / (transformed_count(layer, 1) * int64_t{sizeof(float)}));
  return std::max(1, fit / kTilesPerBlock) * kTilesPerBlock;
}

// Part i of `parts` nearly equal ones.
TileRange part(int total, int parts, int64_t i) {
  return {static_cast<int>(total * i / parts), static_cast<int>(total * (i + 1) / parts)};
}

void convolve_in_strips(const CpuKernels& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
                        const Plane* out, ThreadPool& threads, CpuScratch& scratch) {
  const int n_tiles = layer.tiles() * n;
  const int n_strips = ceil_div(n_tiles, strip_tiles(layer));
  threads.for_each(n_strips, [&](int64_t i, int thread) {
    const TileRange tiles = part(n_tiles, n_strips, i);
    float* v = scratch.tiles(thread);
    kernels.transform_input(layer, in, tiles, 0, layer.ic / kBlock, tiles.count(), tiles.begin, v);
    for (int p = 0; p < layer.oc / kernels.panel; ++p) {
      kernels.compute_panel(layer, v, tiles.count(), tiles.begin, tiles, p, pool, scratch.products(thread), out);
    }
  });
}

void convolve_in_panels(const CpuKernels& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
                        const Plane* out, ThreadPool& threads, CpuScratch& scratch) {
  const int n_tiles = layer.tiles() * n;
  const int n_rows = layer.tiles_per_row() * n;
  const int n_slices = layer.ic / kBlock / kBlocksAtATime;
  float* v = scratch.shared_tiles();
  threads.for_each(int64_t{n_rows} * n_slices, [&](int64_t i, int) {
    const auto row = static_cast<int>(i / n_slices);
    const auto slice = static_cast<int>(i % n_slices);
    const TileRange tiles = {row * layer.tiles_per_row(), (row + 1) * layer.tiles_per_row()};
    kernels.transform_input(layer, in, tiles, slice * kBlocksAtATime, (slice + 1) * kBlocksAtATime, n_tiles, 0, v);
  });
  const int n_chunks = ceil_div(n_tiles, kPanelTiles);
  threads.for_each(layer.oc / kernels.panel, [&](int64_t p, int thread) {
    for (int chunk = 0; chunk < n_chunks; ++chunk) {
      kernels.compute_panel(layer, v, n_tiles, 0, part(n_tiles, n_chunks, chunk), static_cast<int>(p), pool,
                            scratch.products(thread), out);
    }
  });
}

}  // namespace

void CpuScratch::reserve(const CpuKernels& kernels, const WinogradLayer& layer, int n_pictures) {
  const bool panels = cut_of(layer) == Cut::kPanels;
  const int tiles = panels ? kPanelTiles : strip_tiles(layer);
  products_count_ = std::max(products_count_, int64_t{layer.points()} * tiles * kernels.panel);
  if (panels) {
    shared_count_ = std::max(shared_count_, transformed_count(layer, layer.tiles() * n_pictures));
  } else {
    strip_count_ = std::max(strip_count_, transformed_count(layer, tiles));
  }
}

void CpuScratch::allocate(int n_threads) {
  for (int thread = 0; thread < n_threads; ++thread) {
    tiles_.emplace_back(strip_count_);
    products_.emplace_back(products_count_);
  }
  shared_tiles_ = FloatArray(shared_count_);
}

void convolve(const CpuKernels& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
              const Plane* out, ThreadPool& threads, CpuScratch& scratch) {
  const auto run = cut_of(layer) == Cut::kPanels ? convolve_in_panels : convolve_in_strips;
  run(kernels, layer, pool, in, n, out, threads, scratch);
}

}  // namespace vgg16
