// The convolution kernels of the CPU engine, one set per instruction set, chosen at run time.
//
// Nothing here makes threads, allocates or fails: the backend (engine/backend/cpu_backend.cpp) splits the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernels/plane.h"

namespace vgg16 {

/// One convolution by Winograd's F(m x m, 3 x 3). `u` is what transform_kernel wrote: a block (ic, panel) for every
/// panel of output channels and every point of the transformed tile, placed by the two strides (in words).
struct WinogradLayer {
  int ic = 0, oc = 0;
  int depth = 0;  ///< words of 32 bits that the input channels take as operands: ic in float32, ic / 2 in bfloat16
  int side = 0;   ///< of the output, h = w
  int m = 0;      ///< output tile: 2, 4 or 6
  const float* u = nullptr;
  int64_t u_panel_stride = 0, u_point_stride = 0;
  const float* bias = nullptr;  ///< oc numbers, none of them -0
  [[nodiscard]] int tiles_per_row() const { return (side + m - 1) / m; }
  [[nodiscard]] int tiles() const { return tiles_per_row() * tiles_per_row(); }
  [[nodiscard]] int points() const { return (m + 2) * (m + 2); }
  /// Rows and columns of the zero-bordered plane that this layer reads.
  [[nodiscard]] int padded_side() const { return tiles_per_row() * m + 2; }
};

/// A range of tiles of several pictures: tile t belongs to picture t / tiles(), row-major within it.
struct TileRange {
  int begin = 0, end = 0;
  [[nodiscard]] int count() const { return end - begin; }
};

/// Row stride of transformed tiles, in words; the odd cache line keeps 14 rows out of one L1 set.
constexpr int64_t transformed_stride(int depth) { return depth + kBlock; }

/// Words that `count` transformed tiles take.
inline int64_t transformed_count(const WinogradLayer& layer, int count) {
  return int64_t{layer.points()} * count * transformed_stride(layer.depth);
}

/// Words that the layer's transformed kernel takes.
inline int64_t kernel_count(const WinogradLayer& layer) { return int64_t{layer.points()} * layer.depth * layer.oc; }

struct Conv3x3Cpu {
  std::string_view name;
  std::string_view precision;  ///< of the products' operands: "f32" or "bf16"; transforms and sums are float32
  int channels_per_word;       ///< operands that share 32 bits: 1 or 2
  int panel;                   ///< output channels that one product computes

  /// Transforms panel `p` of `kernel` (3, 3, ic, oc) into `u`, the layer's whole array, as the layer's strides say:
  /// U = G g G^T, computed in double and rounded once.
  void (*transform_kernel)(const WinogradLayer& layer, const float* kernel, int p, float* u);

  /// v[point][tile - v_first][depth + 16] = B^T d B for the tiles of `tiles` and channel blocks [block_begin,
  /// block_end); v is laid out for `tile_capacity` tiles, the first of which is v_first.
  void (*transform_input)(const WinogradLayer& layer, const Plane* in, TileRange tiles, int block_begin, int block_end,
                          int tile_capacity, int v_first, float* v);

  /// Products of one point: products[tile * tile_stride + o] = sum over input channels c of v[tile][c] u[c][o], for
  /// n_tiles tiles and the panel's output channels o.
  void (*multiply)(int depth, const float* v, int n_tiles, const float* u, float* products, int64_t tile_stride);

  /// For output channels of panel `p`: Y = A^T M A of the products at (tile - tiles.begin) * tile_stride + point *
  /// point_stride + o, bias, ReLU and, if `maxpool2x2`, the maximum of 2x2 windows; writes the tiles' part of `out`.
  void (*transform_output)(const WinogradLayer& layer, const float* products, int64_t tile_stride, int64_t point_stride,
                           TileRange tiles, int p, bool maxpool2x2, const Plane* out);

  /// Pixels [y_begin, y_end) x [x_begin, x_end) of the first convolution, direct, bias and ReLU applied: from the
  /// normalised input (226, 226, 3), BGR with a zero border, and `kernel` (3, 3, 3, 64), to out[channel
  /// block][y][x][16], where `out` is the first of these pixels. Requires at least 7 columns.
  void (*first_convolution)(const float* input, const float* kernel, const float* bias, int y_begin, int y_end,
                            int x_begin, int x_end, float* out, int64_t out_block_stride, int64_t out_row_stride);
};

/// The sets this build holds that this machine can run, best first within a precision, float32 before bfloat16.
struct Conv3x3CpuList {
  const Conv3x3Cpu* const* begin_;
  size_t count;
  [[nodiscard]] const Conv3x3Cpu* const* begin() const { return begin_; }
  [[nodiscard]] const Conv3x3Cpu* const* end() const { return begin_ + count; }
};
[[nodiscard]] Conv3x3CpuList runnable_conv3x3_cpu();

/// The set of that precision called `name`, or the best one for "". Throws Error{kDevice} where nothing of that
/// precision runs here, Error{kInvalidArgument} naming what does where `name` is not among it.
[[nodiscard]] const Conv3x3Cpu& conv3x3_cpu(std::string_view name, std::string_view precision);

const Conv3x3Cpu& conv3x3_cpu_avx512_bf16();
const Conv3x3Cpu& conv3x3_cpu_avx512();
const Conv3x3Cpu& conv3x3_cpu_avx2();
const Conv3x3Cpu& conv3x3_cpu_portable();

}  // namespace vgg16
