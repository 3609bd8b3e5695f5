// 3x3 convolution on the CPU, stride 1, zero padding 1, with bias and ReLU:
//
//   y[i,j,o] = max(bias[o] + sum over ky, kx, c of x[i+ky-1, j+kx-1, c] w[ky,kx,c,o], 0)
//
// as Winograd's F(m x m, 3 x 3), whose matrices and papers are in winograd_transforms.h. Each tile of m x m outputs
// needs (m + 2) x (m + 2) inputs d, and goes through three steps:
//
//   transform_input    V = B^T d B                          per tile and input channel
//   multiply           M[t,o] = sum over c of V[t,c] U[c,o]  a matrix product per point (t: tile, o: output channel)
//   transform_output   Y = A^T M A, bias, ReLU, 2x2 pool    per tile and output channel
//
// U = G g G^T is computed once per network (transform_kernel). Terms used below:
//   point   one of the (m + 2)^2 positions of a transformed tile
//   panel   the output channels that one call of multiply computes: two vectors of the instruction set
//   word    32 bits of operands: one float32 channel, or two neighbouring bfloat16 channels
//
// There is one set of functions per instruction set and precision, chosen at run time. They run on the calling thread,
// allocate nothing, and do not check their arguments: engine/backend/cpu_convolution.cpp divides the work among
// threads. Arrays need no more than a float's alignment; those of FloatArray start on a cache line, which is faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernels/plane.h"

namespace vgg16 {

/// The shape of one convolution, and views of its weights, which the caller owns. `u` is what transform_kernel wrote: a
/// row-major block (depth, panel) of words for every panel of output channels and every point. Block (p, point) begins
/// at u + p * u_panel_stride + point * u_point_stride.
struct WinogradLayer {
  int ic = 0, oc = 0;
  int depth = 0;  ///< words that the input channels take: ic in float32, ic / 2 in bfloat16
  int side = 0;   ///< height and width of the output, in pixels
  int m = 0;      ///< side of an output tile: 2, 4 or 6; the last row and column of tiles may reach over the output
  const float* u = nullptr;
  int64_t u_panel_stride = 0, u_point_stride = 0;
  const float* bias = nullptr;  ///< oc numbers, none of them -0 (bias_relu in simd.h says why)
  [[nodiscard]] int tiles_per_row() const { return (side + m - 1) / m; }
  [[nodiscard]] int tiles() const { return tiles_per_row() * tiles_per_row(); }
  [[nodiscard]] int points() const { return (m + 2) * (m + 2); }
  /// Rows and columns of the zero-bordered plane that this layer reads.
  [[nodiscard]] int padded_side() const { return tiles_per_row() * m + 2; }
};

/// Tiles [begin, end) of several pictures: tile t belongs to picture t / tiles(), row-major within it.
struct TileRange {
  int begin = 0, end = 0;
  [[nodiscard]] int count() const { return end - begin; }
};

/// Words from one transformed tile to the next. multiply reads up to 14 tiles side by side; without the extra cache
/// line their distance would be a power of two, and at 256 words and more they would share a few sets of the L1 cache.
constexpr int64_t transformed_stride(int depth) { return depth + kBlock; }

/// Words that `count` transformed tiles take.
inline int64_t transformed_count(const WinogradLayer& layer, int count) {
  return int64_t{layer.points()} * count * transformed_stride(layer.depth);
}

/// Words that the layer's transformed kernel takes.
inline int64_t kernel_count(const WinogradLayer& layer) { return int64_t{layer.points()} * layer.depth * layer.oc; }

/// The functions for one instruction set. Outputs never overlap inputs; different threads may work on different tiles,
/// channel blocks and panels at the same time.
struct Conv3x3Cpu {
  std::string_view name;       ///< "avx512", "avx2" or "portable"
  std::string_view precision;  ///< of the operands of multiply: "f32" or "bf16"; transforms and sums are float32
  int channels_per_word;       ///< 1 in float32, 2 in bfloat16
  int panel;                   ///< output channels per panel: 32, 16 or 8; oc is a multiple of it

  /// U = G g G^T for the output channels of panel `p`, computed in double and rounded once. `kernel` (3, 3, ic, oc) is
  /// row-major float32; `u` is the layer's whole array, of kernel_count(layer) words, of which panel p is written.
  void (*transform_kernel)(const WinogradLayer& layer, const float* kernel, int p, float* u);

  /// V = B^T d B for the tiles of `tiles` and the blocks [block_begin, block_end) of 16 input channels. `in` is one
  /// plane per picture, with all rows and columns that the tiles read: padded_side() of both for a whole picture, m + 2
  /// rows for a single row of tiles. v is [point][tile - v_first][transformed_stride(depth)]
  /// words, with room for `tile_capacity` tiles per point; the 16 words after `depth` are never read.
  void (*transform_input)(const WinogradLayer& layer, const Plane* in, TileRange tiles, int block_begin, int block_end,
                          int tile_capacity, int v_first, float* v);

  /// M of one point: products[tile * tile_stride + o] = sum over input channels c of v[tile][c] u[c][o], float32, for
  /// n_tiles tiles and the panel's output channels o. v is that point's part of transform_input's array, u one block.
  /// `depth` must be the words of 64, 128, 256 or 512 channels.
  void (*multiply)(int depth, const float* v, int n_tiles, const float* u, float* products, int64_t tile_stride);

  /// Y = A^T M A for the output channels of panel `p`, then bias, ReLU and, if `maxpool2x2`, the maximum of every 2x2
  /// window. M of a tile, point and channel is products[(tile - tiles.begin) * tile_stride + point * point_stride + o].
  /// `out` is one plane per picture; what a tile has beyond out's h x w is dropped, and the border is left alone.
  void (*transform_output)(const WinogradLayer& layer, const float* products, int64_t tile_stride, int64_t point_stride,
                           TileRange tiles, int p, bool maxpool2x2, const Plane* out);

  /// Pixels [y_begin, y_end) x [x_begin, x_end) of block1_conv1, computed directly (with 3 input channels the
  /// transforms would cost more than they save), bias and ReLU applied. `input` is float32 (226, 226, 3), BGR minus the
  /// mean with a zero border; `kernel` (3, 3, 3, 64); `bias` 64 numbers. Writes out[channel / 16][y][x][channel % 16]
  /// with the two strides, in floats; `out` is the first of these pixels. Requires x_end - x_begin >= 7, the widest
  /// block of pixels.
  void (*first_convolution)(const float* input, const float* kernel, const float* bias, int y_begin, int y_end,
                            int x_begin, int x_end, float* out, int64_t out_block_stride, int64_t out_row_stride);
};

/// The sets that this build has and this machine can run, fastest first within a precision, float32 before bfloat16.
struct Conv3x3CpuList {
  const Conv3x3Cpu* const* begin_;
  size_t count;
  [[nodiscard]] const Conv3x3Cpu* const* begin() const { return begin_; }
  [[nodiscard]] const Conv3x3Cpu* const* end() const { return begin_ + count; }
};
[[nodiscard]] Conv3x3CpuList runnable_conv3x3_cpu();

/// The set of that precision called `name`; the fastest one for "". Throws Error{kDevice} if this machine can run no
/// set of that precision, and Error{kInvalidArgument}, listing the sets it can run, if `name` is not one of them.
[[nodiscard]] const Conv3x3Cpu& conv3x3_cpu(std::string_view name, std::string_view precision);

// Each is defined in the source file of its name, which is compiled with that instruction set's flags. Calling their
// functions on a machine without it is an illegal instruction: use the two functions above.
const Conv3x3Cpu& conv3x3_cpu_avx512_bf16();
const Conv3x3Cpu& conv3x3_cpu_avx512();
const Conv3x3Cpu& conv3x3_cpu_avx2();
const Conv3x3Cpu& conv3x3_cpu_portable();

}  // namespace vgg16
