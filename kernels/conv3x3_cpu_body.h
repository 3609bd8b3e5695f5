// The functions of conv3x3_cpu.h, written once over the vector type of simd.h. conv3x3_cpu_*.cpp include this file and
// are compiled with the flags of one instruction set each.
//
// Every element of M is one chain of multiply-adds over the input channels in ascending order, whichever block of tiles
// it is computed in. That is why the features of a picture have the same bits for any batch size and number of threads:
// a kernel that splits the sum over channels, or orders it by block size, would break this promise.
//
// The unroll pragmas are needed for speed: arrays of vectors stay in registers only if every index is a constant.
#include "kernels/conv3x3_cpu.h"
#include "kernels/winograd_transforms.h"

namespace {

using vgg16::kBlock;
using vgg16::Plane;
using vgg16::TileRange;
using vgg16::WinogradLayer;

template <int M>
void transform_kernel_m(const WinogradLayer& layer, const float* kernel, int p, float* u) {
  constexpr int kA = M + 2;
  constexpr int kAtATime = 8;  // output channels; a fixed inner loop that the compiler vectorises. Divides every kPanel
  static constexpr KernelTransform<M> kG;
  // G g G^T: first G times the columns of g, then times the rows. In double: G's fractions are not exact in float32,
  // and this rounding would be in every product.
  for (int c = 0; c < layer.ic; ++c) {
    const float* g = kernel + int64_t{c} * layer.oc + int64_t{p} * kPanel;
    for (int o = 0; o < kPanel; o += kAtATime) {
      double rows[kA][3][kAtATime];  // G g
      for (int kx = 0; kx < 3; ++kx) {
        for (int i = 0; i < kA; ++i) {
          for (int l = 0; l < kAtATime; ++l) {
            double sum = 0;
            for (int ky = 0; ky < 3; ++ky) {
              sum += kG.g[i][ky] * static_cast<double>(g[int64_t{ky * 3 + kx} * layer.ic * layer.oc + o + l]);
            }
            rows[i][kx][l] = sum;
          }
        }
      }
      for (int i = 0; i < kA; ++i) {
        for (int j = 0; j < kA; ++j) {
          float* out =
              u + p * layer.u_panel_stride + (i * kA + j) * layer.u_point_stride + c / kChannelsPerWord * kPanel + o;
          for (int l = 0; l < kAtATime; ++l) {
            double sum = 0;
            for (int kx = 0; kx < 3; ++kx) sum += kG.g[j][kx] * rows[i][kx][l];
            store_operand(out + l, c, static_cast<float>(sum));
          }
        }
      }
    }
  }
}

// Tile sizes are template parameters, so that all loops over a tile are unrolled; chosen once per call.
void transform_kernel(const WinogradLayer& layer, const float* kernel, int p, float* u) {
  const auto run = layer.m == 2 ? transform_kernel_m<2> : layer.m == 4 ? transform_kernel_m<4> : transform_kernel_m<6>;
  run(layer, kernel, p, u);
}

// Position of a tile: its picture and its row and column of tiles.
struct TilePosition {
  int picture, row, column;
};
VGG16_INLINE TilePosition position(const WinogradLayer& layer, int tile) {
  const int across = layer.tiles_per_row();
  const int within = tile % (across * across);
  return {tile / (across * across), within / across, within % across};
}

template <int M>
void transform_input_m(const WinogradLayer& layer, const Plane* in, TileRange tiles, int block_begin, int block_end,
                       int tile_capacity, int v_first, float* v) {
  constexpr int kA = M + 2;
  const int64_t stride = vgg16::transformed_stride(layer.depth);
  const int64_t point_stride = tile_capacity * stride;
  // Channel blocks outside, tiles inside: in a plane the pixels of one channel block are contiguous, so the next tile
  // continues in the cache lines and pages of the last one.
  for (int block = block_begin; block < block_end; ++block) {
    for (int t = tiles.begin; t < tiles.end; ++t) {
      const TilePosition at = position(layer, t);
      const Plane& plane = in[at.picture];
      const int64_t row_stride = int64_t{plane.cols} * kBlock;
      // One pixel up and left of the tile, the zero padding at the picture's edge.
      const float* corner = plane.at(block, at.row * M - 1, at.column * M - 1);
      float* out = v + (t - v_first) * stride + block * (kBlock / kChannelsPerWord);
      // Prefetch the M columns that the tile after next adds to what the next one reads. At the end of a row these are
      // the first pixels of later rows: a wasted prefetch, never a fault.
#pragma GCC unroll 8
      for (int i = 0; i < kA; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < M; ++j) __builtin_prefetch(corner + i * row_stride + (2 * M + 2 + j) * kBlock);
      }
      for (int lane = 0; lane < kBlock; lane += kLanes) {
        Vec rows[kA][kA];
#pragma GCC unroll 8
        for (int i = 0; i < kA; ++i) {
          Vec d[kA];
#pragma GCC unroll 8
          for (int j = 0; j < kA; ++j) d[j] = load(corner + i * row_stride + j * kBlock + lane);
          input_1d(d, rows[i]);
        }
#pragma GCC unroll 8
        for (int j = 0; j < kA; ++j) {
          Vec d[kA];
          Vec r[kA];
#pragma GCC unroll 8
          for (int i = 0; i < kA; ++i) d[i] = rows[i][j];
          input_1d(d, r);
#pragma GCC unroll 8
          for (int i = 0; i < kA; ++i) store_operands(out + (i * kA + j) * point_stride + lane, r[i]);
        }
      }
    }
  }
}

void transform_input(const WinogradLayer& layer, const Plane* in, TileRange tiles, int block_begin, int block_end,
                     int tile_capacity, int v_first, float* v) {
  const auto run = layer.m == 2 ? transform_input_m<2> : layer.m == 4 ? transform_input_m<4> : transform_input_m<6>;
  run(layer, in, tiles, block_begin, block_end, tile_capacity, v_first, v);
}

// How many input channels ahead of its use a row of u is prefetched. The hardware prefetcher stops at each 4 KiB page,
// which these loops cross every few hundred cycles. Beyond the end of a block this prefetches the start of the next
// block in memory, which set_kernel_strides (engine/backend/cpu_convolution.cpp) makes the next one to be read.
constexpr int kAhead = 16;

// out[t * out_stride + o] = sum over k of v[t][k] u[k][o] for T tiles and the kPanel channels o, with all 2 T sums in
// registers. K, and with it the distance between tiles, is a template parameter so that every v[t][k] is addressed as
// one register plus a constant: with 14 tiles there are not enough registers for 14 pointers.
template <int K, int T>
void product(const float* v, const float* u, float* out, int64_t out_stride) {
  constexpr int64_t kStride = vgg16::transformed_stride(K);
  Vec sum[T][2];
#pragma GCC unroll 14
  for (int t = 0; t < T; ++t) sum[t][0] = sum[t][1] = broadcast(0.0F);
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) {
    __builtin_prefetch(u + (k + kAhead) * kPanel);
    if (kPanel > kBlock) __builtin_prefetch(u + (k + kAhead) * kPanel + kBlock);
    const Vec u0 = load(u + k * kPanel);
    const Vec u1 = load(u + k * kPanel + kLanes);
#pragma GCC unroll 14
    for (int t = 0; t < T; ++t) {
      const Vec x = broadcast(v[t * kStride + k]);
      sum[t][0] = multiply_add(x, u0, sum[t][0]);
      sum[t][1] = multiply_add(x, u1, sum[t][1]);
    }
  }
#pragma GCC unroll 14
  for (int t = 0; t < T; ++t) {
    store(out + t * out_stride, sum[t][0]);
    store(out + t * out_stride + kLanes, sum[t][1]);
  }
}

using Product = void (*)(const float* v, const float* u, float* out, int64_t out_stride);

// Table of product<K, T> by T, the number of tiles; [0] is never called.
template <int K, int... T>
struct ProductTable {
  static constexpr Product value[] = {nullptr, product<K, T>...};
};
#if defined(__AVX512F__)
template <int K>
using Products = ProductTable<K, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14>;
#else
template <int K>
using Products = ProductTable<K, 1, 2, 3, 4, 5, 6>;
#endif
static_assert(sizeof(Products<64>::value) / sizeof(Product) == kTileBlock + 1);

void multiply(int depth, const float* v, int n_tiles, const float* u, float* products, int64_t tile_stride) {
  const Product* product_of = depth == 64 / kChannelsPerWord    ? Products<64 / kChannelsPerWord>::value
                              : depth == 128 / kChannelsPerWord ? Products<128 / kChannelsPerWord>::value
                              : depth == 256 / kChannelsPerWord ? Products<256 / kChannelsPerWord>::value
                                                                : Products<512 / kChannelsPerWord>::value;
  const int n_blocks = (n_tiles + kTileBlock - 1) / kTileBlock;
  for (int block = 0; block < n_blocks; ++block) {
    // Blocks of nearly equal size, because small blocks reuse each load of u less: 49 tiles are 12, 12, 12, 13 rather
    // than 14, 14, 14, 7.
    const int begin = n_tiles * block / n_blocks;
    const int end = n_tiles * (block + 1) / n_blocks;
    product_of[end - begin](v + begin * vgg16::transformed_stride(depth), u, products + begin * tile_stride,
                            tile_stride);
  }
}

// y = max(A^T M A + bias, 0) for one tile and kLanes channels.
template <int M>
VGG16_INLINE void transform_tile(const float* products, int64_t point_stride, Vec bias, Vec (&y)[M][M]) {
  constexpr int kA = M + 2;
  Vec columns[M][kA];
#pragma GCC unroll 8
  for (int j = 0; j < kA; ++j) {
    Vec m[kA];
    Vec r[M];
#pragma GCC unroll 8
    for (int i = 0; i < kA; ++i) m[i] = load(products + (i * kA + j) * point_stride);
    output_1d(m, r);
#pragma GCC unroll 8
    for (int i = 0; i < M; ++i) columns[i][j] = r[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < M; ++i) {
    output_1d(columns[i], y[i]);
#pragma GCC unroll 8
    for (int j = 0; j < M; ++j) y[i][j] = bias_relu(y[i][j], bias);
  }
}

// Writes N x N pixels at (y0, x0) of the plane, without those beyond its h x w: its border must stay zero.
template <int N>
VGG16_INLINE void write_tile(const Vec (&y)[N][N], const Plane& out, int channel, int y0, int x0) {
  float* corner = out.at(channel / kBlock, y0, x0) + channel % kBlock;
  const int64_t row_stride = int64_t{out.cols} * kBlock;
  if (y0 + N <= out.h && x0 + N <= out.w) {
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < N; ++j) store(corner + i * row_stride + j * kBlock, y[i][j]);
    }
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) {
      if (y0 + i < out.h && x0 + j < out.w) store(corner + i * row_stride + j * kBlock, y[i][j]);
    }
  }
}

template <int M>
void transform_output_m(const WinogradLayer& layer, const float* products, int64_t tile_stride, int64_t point_stride,
                        TileRange tiles, int p, bool maxpool2x2, const Plane* out) {
  for (int t = tiles.begin; t < tiles.end; ++t) {
    const TilePosition at = position(layer, t);
    for (int half = 0; half < 2; ++half) {
      // A panel is two vectors of channels, transformed one after the other: both at once would not fit in the
      // registers.
      const int channel = p * kPanel + half * kLanes;
      const Vec bias = load(layer.bias + channel);
      Vec y[M][M];
      transform_tile<M>(products + (t - tiles.begin) * tile_stride + half * kLanes, point_stride, bias, y);
      if (maxpool2x2) {
        constexpr int kHalf = M / 2;
        Vec pooled[kHalf][kHalf];
#pragma GCC unroll 4
        for (int i = 0; i < kHalf; ++i) {
#pragma GCC unroll 4
          for (int j = 0; j < kHalf; ++j) {
            pooled[i][j] = max_or_nan(max_or_nan(y[2 * i][2 * j], y[2 * i][2 * j + 1]),
                                      max_or_nan(y[2 * i + 1][2 * j], y[2 * i + 1][2 * j + 1]));
          }
        }
        write_tile<kHalf>(pooled, out[at.picture], channel, at.row * kHalf, at.column * kHalf);
      } else {
        write_tile<M>(y, out[at.picture], channel, at.row * M, at.column * M);
      }
    }
  }
}

void transform_output(const WinogradLayer& layer, const float* products, int64_t tile_stride, int64_t point_stride,
                      TileRange tiles, int p, bool maxpool2x2, const Plane* out) {
  const auto run = layer.m == 2 ? transform_output_m<2> : layer.m == 4 ? transform_output_m<4> : transform_output_m<6>;
  run(layer, products, tile_stride, point_stride, tiles, p, maxpool2x2, out);
}

// Sums held in registers: with AVX-512 7 pixels x 4 vectors (all 64 channels) of 32 registers, else 4 x 2 of 16.
constexpr int kFirstVecs = kLanes == 16 ? 4 : 2;
constexpr int kFirstPixels = kLanes == 16 ? 7 : 4;

void first_convolution(const float* input, const float* kernel, const float* bias, int y_begin, int y_end, int x_begin,
                       int x_end, float* out, int64_t out_block_stride, int64_t out_row_stride) {
  constexpr int kOc = 64;
  constexpr int kRow = 226 * 3;
  for (int y = y_begin; y < y_end; ++y) {
    for (int group = 0; group < kOc; group += kFirstVecs * kLanes) {
      for (int at = x_begin; at < x_end; at += kFirstPixels) {
        // The last block is moved back to end with the range. It computes some pixels twice, with the same result.
        const int x = at + kFirstPixels <= x_end ? at : x_end - kFirstPixels;
        Vec sum[kFirstPixels][kFirstVecs];
#pragma GCC unroll 8
        for (int i = 0; i < kFirstPixels; ++i) {
#pragma GCC unroll 4
          for (int o = 0; o < kFirstVecs; ++o) sum[i][o] = load(bias + group + o * kLanes);
        }
        for (int ky = 0; ky < 3; ++ky) {
          const float* row = input + (y + ky) * kRow + x * 3;
          const float* w = kernel + ky * 9 * kOc + group;
          for (int tap = 0; tap < 9; ++tap) {  // kx * 3 + c: contiguous both in a row of the input and in the kernel
#pragma GCC unroll 8
            for (int i = 0; i < kFirstPixels; ++i) {
              const Vec value = broadcast(row[i * 3 + tap]);
#pragma GCC unroll 4
              for (int o = 0; o < kFirstVecs; ++o) sum[i][o] = fma(value, load(w + tap * kOc + o * kLanes), sum[i][o]);
            }
          }
        }
        float* corner = out + (y - y_begin) * out_row_stride + int64_t{x - x_begin} * kBlock;
#pragma GCC unroll 8
        for (int i = 0; i < kFirstPixels; ++i) {
#pragma GCC unroll 4
          for (int o = 0; o < kFirstVecs; ++o) {
            const int channel = group + o * kLanes;
            store(corner + channel / kBlock * out_block_stride + i * kBlock + channel % kBlock,
                  bias_relu(sum[i][o], broadcast(0.0F)));  // 0: the sums began with the bias
          }
        }
      }
    }
  }
}

constexpr vgg16::Conv3x3Cpu kKernels = {VGG16_ISA_NAME,   kChannelsPerWord == 1 ? "f32" : "bf16",
                                        kChannelsPerWord, kPanel,
                                        transform_kernel, transform_input,
                                        multiply,         transform_output,
                                        first_convolution};

}  // namespace
