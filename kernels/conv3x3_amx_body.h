// The functions of conv3x3_amx.h, written once over the tiles of amx_tiles.h and the vectors of simd.h: conv3x3_amx.cpp
// compiles them for AMX, a test for every machine.
#include "kernels/amx_tiles.h"
#include "kernels/conv3x3_amx.h"
#include "kernels/simd.h"
#if !defined(__AVX512BF16__)
#include "kernels/bf16.h"
#endif

namespace {

using vgg16::AmxLayer;
using vgg16::AmxPart;
using vgg16::Bf16Plane;
using vgg16::kAmxFirstChannels;
using vgg16::kAmxPixels;
using vgg16::kAmxRows;
using vgg16::kBf16Block;
using vgg16::Plane;

constexpr int kTileChannels = 16;  // output channels of one tile
constexpr int64_t kSumBytes = kTileChannels * sizeof(float);
constexpr int kHalves = kBf16Block / kTileChannels;

// Tiles 0 to 3 are the sums of four rows of pixels, 4 to 6 the filters of the three ky, and 7 holds pixels.
TileShapes tile_shapes(int input_channels) {
  TileShapes shapes;
  const auto set = [&](int tile, int rows, int row_bytes) {
    shapes.rows[tile] = static_cast<uint8_t>(rows);
    shapes.row_bytes[tile] = static_cast<uint16_t>(row_bytes);
  };
  for (int tile = 0; tile < 4; ++tile) set(tile, kAmxPixels, kSumBytes);
  for (int tile = 4; tile < 7; ++tile) set(tile, input_channels / 2, kTileBytes);
  set(7, kAmxPixels, input_channels * 2);
  return shapes;
}

// Adds the products of six rows of pixels with the three filters of one kx to the sums of four rows. A pixel tile is
// multiplied as soon as it is there, and each sum takes its three products in the order of ky.
VGG16_INLINE void add_products(Tiles& tiles, const uint16_t* pixels, int64_t row_stride, int64_t pixel_bytes,
                               const uint16_t* filters, int64_t filter_count) {
  const auto load_row = [&](int row) { tiles.load<7>(pixels + row * row_stride, pixel_bytes); };
  tiles.load<4>(filters, kTileBytes);
  load_row(0);
  tiles.multiply_add<0, 7, 4>();
  tiles.load<5>(filters + filter_count, kTileBytes);
  load_row(1);
  tiles.multiply_add<0, 7, 5>();
  tiles.multiply_add<1, 7, 4>();
  tiles.load<6>(filters + 2 * filter_count, kTileBytes);
  load_row(2);
  tiles.multiply_add<0, 7, 6>();
  tiles.multiply_add<1, 7, 5>();
  tiles.multiply_add<2, 7, 4>();
  load_row(3);
  tiles.multiply_add<1, 7, 6>();
  tiles.multiply_add<2, 7, 5>();
  tiles.multiply_add<3, 7, 4>();
  load_row(4);
  tiles.multiply_add<2, 7, 6>();
  tiles.multiply_add<3, 7, 5>();
  load_row(5);
  tiles.multiply_add<3, 7, 6>();
}

VGG16_INLINE void zero_sums(Tiles& tiles) {
  tiles.zero<0>();
  tiles.zero<1>();
  tiles.zero<2>();
  tiles.zero<3>();
}

constexpr int kVecs = kTileChannels / kLanes;

// 16 channels of one pixel.
struct Channels {
  Vec v[kVecs];
};

VGG16_INLINE Channels larger(const Channels& a, const Channels& b) {
  Channels result;
  for (int i = 0; i < kVecs; ++i) result.v[i] = max_or_nan(a.v[i], b.v[i]);
  return result;
}

VGG16_INLINE void write(const Channels& x, float* out) {
  for (int i = 0; i < kVecs; ++i) store(out + i * kLanes, x.v[i]);
}

VGG16_INLINE void write(const Channels& x, uint16_t* out) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), (__m256i)_mm512_cvtneps_pbh((__m512)x.v[0]));
#else
  float values[kTileChannels];
  write(x, values);
  for (int i = 0; i < kTileChannels; ++i) out[i] = vgg16::float_to_bf16(values[i]);
#endif
}

// Where the 16 channels of one tile begin at pixel (y, x).
VGG16_INLINE uint16_t* place(const Bf16Plane& out, int tile, int y, int x) {
  return out.at(tile / kHalves, y, x) + tile % kHalves * kTileChannels;
}
VGG16_INLINE float* place(const Plane& out, int tile, int y, int x) { return out.at(tile, y, x); }

// Takes the sums of 4 rows x 14 pixels from the tiles; adds the bias, applies ReLU and pool, and writes them.
template <class Out>
VGG16_INLINE void finish(Tiles& tiles, const float* bias, bool maxpool2x2, const Out& out, int tile, int y, int x) {
  alignas(64) float sums[kAmxRows][kAmxPixels][kTileChannels];
  tiles.store<0>(sums[0], kSumBytes);
  tiles.store<1>(sums[1], kSumBytes);
  tiles.store<2>(sums[2], kSumBytes);
  tiles.store<3>(sums[3], kSumBytes);
  const auto value = [&](int row, int pixel) {
    Channels result;
    for (int i = 0; i < kVecs; ++i) {
      const int o = i * kLanes;
      result.v[i] = bias_relu(load(sums[row][pixel] + o), load(bias + o));
    }
    return result;
  };
  if (maxpool2x2) {
    for (int row = 0; row < kAmxRows; row += 2) {
#pragma GCC unroll 7
      for (int pixel = 0; pixel < kAmxPixels; pixel += 2) {
        const Channels upper = larger(value(row, pixel), value(row, pixel + 1));
        const Channels lower = larger(value(row + 1, pixel), value(row + 1, pixel + 1));
        write(larger(upper, lower), place(out, tile, (y + row) / 2, (x + pixel) / 2));
      }
    }
    return;
  }
  for (int row = 0; row < kAmxRows; ++row) {
#pragma GCC unroll 14
    for (int pixel = 0; pixel < kAmxPixels; ++pixel) write(value(row, pixel), place(out, tile, y + row, x + pixel));
  }
}

// Calls run(y) for the first row of each four of [begin, end). The last four are moved back to end with the range: rows
// may be computed twice, with the same result.
template <class Run>
VGG16_INLINE void for_each_four(int begin, int end, const Run& run) {
  for (int y = begin; y < end; y += kAmxRows) run(y + kAmxRows <= end ? y : end - kAmxRows);
}

// Cache lines of the filters of one kx, for both halves of a panel.
constexpr int kLinesPerStep = kHalves * 3 * 16;
constexpr int kLine = 32;  // bfloat16 numbers

// The next panel is fetched into the level 2 cache while this one is multiplied: from the level 3 cache, or from
// memory, it would come too late. Each block of pixels fetches a part of it, spread over all its steps.
struct Ahead {
  int lines;      // per block of pixels and step
  int begun = 0;  // lines per step that earlier blocks have fetched
  VGG16_INLINE void fetch(const uint16_t* next_panel, int64_t step) const {
    if (begun >= kLinesPerStep) return;
    const uint16_t* at = next_panel + (step * kLinesPerStep + begun) * kLine;
    for (int line = 0; line < lines; ++line) __builtin_prefetch(at + line * kLine, 0, 2);
  }
};

template <class Out>
void convolve(const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool maxpool2x2, const Out* out) {
  Tiles tiles(tile_shapes(kBf16Block));
  constexpr int64_t kFilter = int64_t{kBf16Block} * kTileChannels;
  const int chunks = layer.ic / kBf16Block;
  const int64_t half_count = vgg16::amx_panel_count(layer.ic) / kHalves;
  const int blocks =
      kHalves * part.pictures * ((part.y_end - part.y_begin + kAmxRows - 1) / kAmxRows) * (layer.side / kAmxPixels);
  for (int panel = part.panel_begin; panel < part.panel_end; ++panel) {
    const uint16_t* filters = layer.filters + panel * vgg16::amx_panel_count(layer.ic);
    Ahead ahead = {(kLinesPerStep + blocks - 1) / blocks};
    const auto multiply_block = [&](int picture, int y, int x, int half) {
      zero_sums(tiles);
      const uint16_t* f = filters + half * half_count;
      const uint16_t* pixels = in[picture].at(0, y - 1, x - 1);
      int64_t step = 0;
      for (int chunk = 0; chunk < chunks; ++chunk, pixels += in[picture].block_stride()) {
        for (int kx = 0; kx < 3; ++kx, ++step, f += 3 * kFilter) {
          ahead.fetch(filters + kHalves * half_count, step);
          add_products(tiles, pixels + kx * kBf16Block, in[picture].row_stride(), kTileBytes, f, kFilter);
        }
      }
      ahead.begun += ahead.lines;
      const int tile = panel * kHalves + half;
      finish(tiles, layer.bias + tile * kTileChannels, maxpool2x2, out[picture], tile, y, x);
    };
    for (int picture = 0; picture < part.pictures; ++picture) {
      for_each_four(part.y_begin, part.y_end, [&](int y) {
        for (int x = 0; x < layer.side; x += kAmxPixels) {
          for (int half = 0; half < kHalves; ++half) multiply_block(picture, y, x, half);
        }
      });
    }
  }
}

template <class Out>
void first(const AmxLayer& layer, const uint16_t* rows, int n_rows, const Out& out) {
  constexpr int kSide = 224;
  constexpr int64_t kPixelBytes = 2 * kAmxFirstChannels;
  constexpr int64_t kRowStride = int64_t{kSide + 2} * kAmxFirstChannels;
  constexpr int64_t kFilter = int64_t{3} * kAmxFirstChannels * kTileChannels;
  Tiles tiles(tile_shapes(3 * kAmxFirstChannels));
  for_each_four(0, n_rows, [&](int y) {
    for (int x = 0; x < kSide; x += kAmxPixels) {
      for (int tile = 0; tile < layer.oc / kTileChannels; ++tile) {
        zero_sums(tiles);
        // A row of a pixel tile is three neighbouring pixels: the products of all kx at once.
        add_products(tiles, rows + y * kRowStride + x * kAmxFirstChannels, kRowStride, kPixelBytes,
                     layer.filters + tile * 3 * kFilter, kFilter);
        finish(tiles, layer.bias + tile * kTileChannels, false, out, tile, y, x);
      }
    }
  });
}

constexpr vgg16::Conv3x3Amx kAmxKernels = {convolve<Bf16Plane>, convolve<Plane>, first<Bf16Plane>, first<Plane>};

}  // namespace
