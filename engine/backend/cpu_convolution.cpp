#include "backend/cpu_convolution.h"

#include <algorithm>

#include "network/vgg16.h"

namespace vgg16 {
namespace {

// Bytes of transformed tiles per strip. Together with their products and one block (depth, panel) of the kernel they
// fit into 1 MB of L2.
constexpr int64_t kStripBytes = 600 << 10;
// A strip is a multiple of the tiles that AVX-512's multiply computes at once (kTileBlock in kernels/simd.h).
constexpr int kTilesPerBlock = 14;
// Blocks of 16 input channels that are transformed as one job with kPoints; divides the 16 or 32 blocks of those
// layers.
constexpr int kBlocksAtATime = 8;
// With kPoints, jobs per point: with one, some threads would have nothing left to do while others end a large job.
constexpr int kPanelParts = 2;
// Strips per row of tiles in convolve_first_two.
constexpr int kSecondParts = 2;

int ceil_div(int a, int b) { return (a + b - 1) / b; }

// As many tiles as fit kStripBytes, in whole blocks; at least one block, even if it does not fit.
int strip_tiles(const WinogradLayer& layer) {
  const auto fit = static_cast<int>(kStripBytes / (transformed_count(layer, 1) * int64_t{sizeof(float)}));
  return std::max(1, fit / kTilesPerBlock) * kTilesPerBlock;
}

// Part i of `parts` nearly equal ones.
TileRange part(int total, int parts, int64_t i) {
  return {static_cast<int>(total * i / parts), static_cast<int>(total * (i + 1) / parts)};
}

// Floats from the products of one tile to those of the next within a strip. The extra cache line keeps the distance
// from being a power of two, which would put all tiles into the same few sets of the L1 cache.
int64_t strip_product_stride(const Conv3x3Cpu& kernels, const WinogradLayer& layer) {
  return int64_t{layer.points()} * kernels.panel + kBlock;
}

// Multiplies the transformed tiles `v` of one strip and transforms the products to its part of `out`, panel by panel.
void finish_strip(const Conv3x3Cpu& kernels, const WinogradLayer& layer, bool pool, TileRange tiles, const float* v,
                  float* products, const Plane* out) {
  const int64_t v_stride = tiles.count() * transformed_stride(layer.depth);
  // [tile][point][channel of the panel]: the output transform reads all points of one tile.
  const int64_t tile_stride = strip_product_stride(kernels, layer);
  for (int p = 0; p < layer.oc / kernels.panel; ++p) {
    for (int point = 0; point < layer.points(); ++point) {
      kernels.multiply(layer.depth, v + point * v_stride, tiles.count(),
                       layer.u + p * layer.u_panel_stride + point * layer.u_point_stride,
                       products + point * kernels.panel, tile_stride);
    }
    kernels.transform_output(layer, products, tile_stride, kernels.panel, tiles, p, pool, out);
  }
}

// One job per strip, without barriers: a strip goes through all three steps on one thread.
void convolve_in_strips(const Conv3x3Cpu& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
                        const Plane* out, ThreadPool& threads, CpuScratch& scratch) {
  const int n_tiles = layer.tiles() * n;
  const int n_strips = ceil_div(n_tiles, strip_tiles(layer));
  threads.for_each(n_strips, [&](int64_t i, int thread) {
    const TileRange tiles = part(n_tiles, n_strips, i);
    float* v = scratch.tiles(thread);
    kernels.transform_input(layer, in, tiles, 0, layer.ic / kBlock, tiles.count(), tiles.begin, v);
    finish_strip(kernels, layer, pool, tiles, v, scratch.products(thread), out);
  });
}

// Three steps with a barrier of all threads after each, unlike convolve_in_strips: a point needs the tiles of all
// pictures, and a tile all points.
void convolve_by_points(const Conv3x3Cpu& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
                        const Plane* out, ThreadPool& threads, CpuScratch& scratch) {
  const int n_tiles = layer.tiles() * n;
  const int n_panels = layer.oc / kernels.panel;
  float* v = scratch.shared_tiles();
  const int n_rows = layer.tiles_per_row() * n;
  const int n_slices = layer.ic / kBlock / kBlocksAtATime;
  threads.for_each(int64_t{n_rows} * n_slices, [&](int64_t i, int) {
    const auto row = static_cast<int>(i % n_rows);
    const auto slice = static_cast<int>(i / n_rows);
    const TileRange tiles = {row * layer.tiles_per_row(), (row + 1) * layer.tiles_per_row()};
    kernels.transform_input(layer, in, tiles, slice * kBlocksAtATime, (slice + 1) * kBlocksAtATime, n_tiles, 0, v);
  });

  // products[panel][point][tile][channel of the panel]
  float* products = scratch.shared_products();
  const int64_t point_stride = int64_t{n_tiles} * kernels.panel;
  const int64_t panel_stride = layer.points() * point_stride;
  threads.for_each(int64_t{layer.points()} * kPanelParts, [&](int64_t i, int) {
    const int64_t point = i / kPanelParts;
    const TileRange panels = part(n_panels, kPanelParts, i % kPanelParts);
    for (int p = panels.begin; p < panels.end; ++p) {
      kernels.multiply(layer.depth, v + point * n_tiles * transformed_stride(layer.depth), n_tiles,
                       layer.u + p * layer.u_panel_stride + point * layer.u_point_stride,
                       products + p * panel_stride + point * point_stride, kernels.panel);
    }
  });

  threads.for_each(int64_t{n_panels} * n, [&](int64_t i, int) {
    const auto p = static_cast<int>(i / n);
    const TileRange tiles = part(n_tiles, n, i % n);
    kernels.transform_output(layer, products + p * panel_stride + int64_t{tiles.begin} * kernels.panel, kernels.panel,
                             point_stride, tiles, p, pool, out);
  });
}

// The part of block1_conv1's output that one strip of block1_conv2's tiles reads, one pixel of padding included.
struct FirstStrip {
  int y, x;        // position of its first pixel in the picture; -1 is the zero padding before the picture
  int rows, cols;  // its size
};

// Fills `plane` with the strip: computed values inside the picture and zeros outside, which block1_conv2 pads with.
void compute_first(const Conv3x3Cpu& kernels, const FirstLayer& first, const float* input, const FirstStrip& strip,
                   const Plane& plane) {
  const int y_begin = std::max(strip.y, 0);
  const int y_end = std::min(strip.y + strip.rows, kInputSide);
  const int x_begin = std::max(strip.x, 0);
  const int x_end = std::min(strip.x + strip.cols, kInputSide);
  const int64_t row_stride = int64_t{strip.cols} * kBlock;
  const int64_t block_stride = strip.rows * row_stride;
  for (int block = 0; block < plane.channels / kBlock; ++block) {
    for (int y = strip.y; y < strip.y + strip.rows; ++y) {
      float* row = plane.data + block * block_stride + (y - strip.y) * row_stride;
      const bool inside = y >= y_begin && y < y_end;
      std::fill(row, row + (inside ? x_begin - strip.x : strip.cols) * kBlock, 0.0F);
      if (inside) std::fill(row + (x_end - strip.x) * kBlock, row + row_stride, 0.0F);
    }
  }
  kernels.first_convolution(input, first.kernel, first.bias, y_begin, y_end, x_begin, x_end,
                            plane.data + (y_begin - strip.y) * row_stride + (x_begin - strip.x) * kBlock, block_stride,
                            row_stride);
}

int second_strip_tiles(const WinogradLayer& second) { return ceil_div(second.tiles_per_row(), kSecondParts); }

// The strip as a plane that is one row of tiles high.
Plane second_input(const WinogradLayer& second, float* data) {
  const int cols = second_strip_tiles(second) * second.m + 2;
  return {data, second.ic, second.m, cols - 2, second.m + 2, cols};
}

}  // namespace

// kStrips reads all points of a panel in turn, kPoints all panels of a point.
void set_kernel_strides(WinogradLayer& layer, int panel) {
  const int64_t block = int64_t{layer.depth} * panel;
  const bool points_outside = cut_of(layer) == Cut::kPoints;
  layer.u_panel_stride = points_outside ? block : block * layer.points();
  layer.u_point_stride = points_outside ? block * (layer.oc / panel) : block;
}

// Needs differ by cut: kStrips takes memory per thread, kPoints for all pictures at once.
void CpuScratch::reserve(const Conv3x3Cpu& kernels, const WinogradLayer& layer, int n_pictures) {
  if (cut_of(layer) == Cut::kPoints) {
    const int tiles = layer.tiles() * n_pictures;
    shared_tiles_count_ = std::max(shared_tiles_count_, transformed_count(layer, tiles));
    shared_products_count_ = std::max(shared_products_count_, int64_t{layer.points()} * tiles * layer.oc);
    return;
  }
  const bool is_second = layer.side == kInputSide;
  const int tiles = std::max(strip_tiles(layer), is_second ? second_strip_tiles(layer) : 0);
  tiles_count_ = std::max(tiles_count_, transformed_count(layer, tiles));
  products_count_ = std::max(products_count_, tiles * strip_product_stride(kernels, layer));
  if (is_second) pixels_count_ = second_input(layer, nullptr).count();
}

void CpuScratch::allocate(int n_threads) {
  for (int thread = 0; thread < n_threads; ++thread) {
    pixels_.emplace_back(pixels_count_);
    tiles_.emplace_back(tiles_count_);
    products_.emplace_back(products_count_);
  }
  shared_tiles_ = FloatArray(shared_tiles_count_);
  shared_products_ = FloatArray(shared_products_count_);
}

void convolve(const Conv3x3Cpu& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
              const Plane* out, ThreadPool& threads, CpuScratch& scratch) {
  const auto run = cut_of(layer) == Cut::kPoints ? convolve_by_points : convolve_in_strips;
  run(kernels, layer, pool, in, n, out, threads, scratch);
}

void convolve_first_two(const Conv3x3Cpu& kernels, const FirstLayer& first, const WinogradLayer& second, bool pool,
                        const float* input, const Plane& out, ThreadPool& threads, CpuScratch& scratch) {
  const int across = second.tiles_per_row();
  threads.for_each(int64_t{across} * kSecondParts, [&](int64_t i, int thread) {
    const auto row = static_cast<int>(i / kSecondParts);
    const TileRange columns = part(across, kSecondParts, i % kSecondParts);
    const Plane pixels = second_input(second, scratch.pixels(thread));
    compute_first(kernels, first, input, {row * second.m - 1, columns.begin * second.m - 1, pixels.rows, pixels.cols},
                  pixels);
    // transform_input sees the strip as a picture that is one row of tiles high; the rest sees the real picture.
    WinogradLayer strip = second;
    strip.side = second_strip_tiles(second) * second.m;
    const TileRange tiles = {row * across + columns.begin, row * across + columns.end};
    float* v = scratch.tiles(thread);
    kernels.transform_input(strip, &pixels, {0, columns.count()}, 0, second.ic / kBlock, columns.count(), 0, v);
    finish_strip(kernels, second, pool, tiles, v, scratch.products(thread), &out);
  });
}

}  // namespace vgg16
