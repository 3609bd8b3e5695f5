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
using vgg16::kAmxRows;
using vgg16::kBf16Block;
using vgg16::Plane;

constexpr int kTileChannels = 16;  // output channels of one tile
constexpr int64_t kSumBytes = kTileChannels * sizeof(float);
constexpr int kHalves = kBf16Block / kTileChannels;

// Tiles 0 to 3 are sums, 4 to 6 filters, and 7 is `pixels` neighbouring pixels x `channels` input channels.
TileShapes tile_shapes(int pixels, int channels) {
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) {
    const bool is_sum = tile < 4;
    const bool is_filter = !is_sum && tile < 7;
    shapes.rows[tile] = static_cast<uint8_t>(is_filter ? channels / 2 : pixels);
    shapes.row_bytes[tile] = static_cast<uint16_t>(is_sum || is_filter ? kTileBytes : channels * 2);
  }
  return shapes;
}

// Where the tiles of one product come from: rows of pixels, and the filters of three ky, one after another.
struct Operands {
  const uint16_t* pixels;
  int64_t row_stride, pixel_bytes;
  const uint16_t* filters;
  int64_t filter_count;

  VGG16_INLINE void load_row(Tiles& tiles, int row) const { tiles.load<7>(pixels + row * row_stride, pixel_bytes); }
  template <int kTile>
  VGG16_INLINE void load_filter(Tiles& tiles, int ky) const {
    tiles.load<kTile>(filters + ky * filter_count, kTileBytes);
  }
};

// Adds the products of six rows of pixels with the three filters of one kx to the sums of four rows, which are tiles 0
// to 3. A tile of pixels is multiplied as soon as it is there, and each sum takes its three products in the order of
// ky.
VGG16_INLINE void add_four_rows(Tiles& tiles, const Operands& from) {
  from.load_filter<4>(tiles, 0);
  from.load_row(tiles, 0);
  tiles.multiply_add<0, 7, 4>();
  from.load_filter<5>(tiles, 1);
  from.load_row(tiles, 1);
  tiles.multiply_add<0, 7, 5>();
  tiles.multiply_add<1, 7, 4>();
  from.load_filter<6>(tiles, 2);
  from.load_row(tiles, 2);
  tiles.multiply_add<0, 7, 6>();
  tiles.multiply_add<1, 7, 5>();
  tiles.multiply_add<2, 7, 4>();
  from.load_row(tiles, 3);
  tiles.multiply_add<1, 7, 6>();
  tiles.multiply_add<2, 7, 5>();
  tiles.multiply_add<3, 7, 4>();
  from.load_row(tiles, 4);
  tiles.multiply_add<2, 7, 6>();
  tiles.multiply_add<3, 7, 5>();
  from.load_row(tiles, 5);
  tiles.multiply_add<3, 7, 6>();
}

// The same for two rows and two sixteens of output channels, whose filters are `other` apart: tiles 0 and 1 are the
// sums of the upper row, 2 and 3 those of the lower.
VGG16_INLINE void add_two_rows(Tiles& tiles, const Operands& from, int64_t other) {
  const Operands second = {from.pixels, from.row_stride, from.pixel_bytes, from.filters + other, from.filter_count};
  for (int ky = 0; ky < 3; ++ky) {
    from.load_filter<4>(tiles, ky);
    second.load_filter<5>(tiles, ky);
    from.load_row(tiles, ky);
    tiles.multiply_add<0, 7, 4>();
    tiles.multiply_add<1, 7, 5>();
    from.load_row(tiles, ky + 1);
    tiles.multiply_add<2, 7, 4>();
    tiles.multiply_add<3, 7, 5>();
  }
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

// Where 16 channels of pixel (y, x) begin; `tile` counts them in sixteens.
VGG16_INLINE uint16_t* place(const Bf16Plane& out, int tile, int y, int x) {
  return out.at(tile / kHalves, y, x) + tile % kHalves * kTileChannels;
}
VGG16_INLINE float* place(const Plane& out, int tile, int y, int x) { return out.at(tile, y, x); }

// The sums of two tiles, one below the other, kPixels x 16 each: adds the bias, applies ReLU and pool, and writes them.
// Two and not all four, because embedders' threads may have small stacks.
template <int kPixels>
struct Sums {
  alignas(64) float values[2][kPixels][kTileChannels];

  template <int kUpper, int kLower>
  VGG16_INLINE void take(Tiles& tiles) {
    tiles.template store<kUpper>(values[0], kSumBytes);
    tiles.template store<kLower>(values[1], kSumBytes);
  }

  VGG16_INLINE Channels finished(int row, int pixel, const float* bias) const {
    Channels result;
    for (int i = 0; i < kVecs; ++i) {
      const int o = i * kLanes;
      result.v[i] = bias_relu(load(values[row][pixel] + o), load(bias + o));
    }
    return result;
  }

  // To rows y and y + 1, or the maxima of their 2x2 windows to row y / 2. `to_tile` counts the output channels in
  // sixteens.
  template <class Out>
  VGG16_INLINE void write_rows(const float* bias, bool maxpool2x2, const Out& out, int to_tile, int y, int x) const {
    if (maxpool2x2) {
      auto* to = place(out, to_tile, y / 2, x / 2);
#pragma GCC unroll 8
      for (int pixel = 0; pixel < kPixels; pixel += 2) {
        const Channels upper = larger(finished(0, pixel, bias), finished(0, pixel + 1, bias));
        const Channels lower = larger(finished(1, pixel, bias), finished(1, pixel + 1, bias));
        write(larger(upper, lower), to + pixel / 2 * Out::kChannels);
      }
      return;
    }
    for (int row = 0; row < 2; ++row) {
      auto* to = place(out, to_tile, y + row, x);
#pragma GCC unroll 16
      for (int pixel = 0; pixel < kPixels; ++pixel) {
        write(finished(row, pixel, bias), to + pixel * Out::kChannels);
      }
    }
  }
};

// Cache lines of the filters of one kx, for both halves of a panel.
constexpr int kLinesPerStep = kHalves * 3 * 16;
constexpr int kLine = 32;  // bfloat16 numbers

// The next panel is fetched into the level 2 cache while this one is multiplied: from the level 3 cache, or from
// memory, it would come too late. Each block of pixels fetches a part of it, spread over all its steps.
struct Ahead {
  int lines;  // per block of pixels and step
  int begun;  // lines per step that earlier blocks have fetched
  VGG16_INLINE void fetch(const uint16_t* next_panel, int64_t step) const {
    if (begun >= kLinesPerStep) return;
    const uint16_t* at = next_panel + (step * kLinesPerStep + begun) * kLine;
    for (int line = 0; line < lines; ++line) __builtin_prefetch(at + line * kLine, 0, 2);
  }
};

template <int kPixels, class Out>
void convolve_by(const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool maxpool2x2, const Out* out) {
  Tiles tiles(tile_shapes(kPixels, kBf16Block));
  constexpr int64_t kFilter = int64_t{kBf16Block} * kTileChannels;
  const int chunks = layer.ic / kBf16Block;
  const int64_t half_count = vgg16::amx_panel_count(layer.ic) / kHalves;
  const int n_rows = part.y_end - part.y_begin;
  const int blocks_down = kHalves * (n_rows / kAmxRows) + (n_rows % kAmxRows != 0 ? 1 : 0);
  const int blocks = part.pictures * blocks_down * (layer.side / kPixels);
  Sums<kPixels> sums;
  for (int panel = part.panel_begin; panel < part.panel_end; ++panel) {
    const uint16_t* filters = layer.filters + panel * kHalves * half_count;
    const float* bias = layer.bias + panel * kBf16Block;
    // The next panel of another part is another thread's.
    Ahead ahead = {(kLinesPerStep + blocks - 1) / blocks, panel + 1 < part.panel_end ? 0 : kLinesPerStep};
    // The sums of all input channels for the block of pixels at (y, x): add() takes the operands of one kx.
    const auto sum_up = [&](const Bf16Plane& plane, int y, int x, int half, const auto& add) {
      zero_sums(tiles);
      const uint16_t* f = filters + half * half_count;
      const uint16_t* pixels = plane.at(0, y - 1, x - 1);
      const int64_t row_stride = plane.row_stride();
      int64_t step = 0;
      for (int chunk = 0; chunk < chunks; ++chunk, pixels += plane.block_stride()) {
        for (int kx = 0; kx < 3; ++kx, ++step, f += 3 * kFilter) {
          ahead.fetch(filters + kHalves * half_count, step);
          add(Operands{pixels + kx * kBf16Block, row_stride, kTileBytes, f, kFilter});
        }
      }
      ahead.begun += ahead.lines;
    };
    const auto four_rows = [&](int picture, int y, int x, int half) {
      sum_up(in[picture], y, x, half, [&](const Operands& from) { add_four_rows(tiles, from); });
      const int tile = panel * kHalves + half;
      const float* half_bias = bias + half * kTileChannels;
      sums.template take<0, 1>(tiles);
      sums.write_rows(half_bias, maxpool2x2, out[picture], tile, y, x);
      sums.template take<2, 3>(tiles);
      sums.write_rows(half_bias, maxpool2x2, out[picture], tile, y + 2, x);
    };
    const auto two_rows = [&](int picture, int y, int x) {
      sum_up(in[picture], y, x, 0, [&](const Operands& from) { add_two_rows(tiles, from, half_count); });
      sums.template take<0, 2>(tiles);
      sums.write_rows(bias, maxpool2x2, out[picture], panel * kHalves, y, x);
      sums.template take<1, 3>(tiles);
      sums.write_rows(bias + kTileChannels, maxpool2x2, out[picture], panel * kHalves + 1, y, x);
    };
    for (int picture = 0; picture < part.pictures; ++picture) {
      for (int y = part.y_begin; y < part.y_end; y += kAmxRows) {
        for (int x = 0; x < layer.side; x += kPixels) {
          if (part.y_end - y < kAmxRows) {
            two_rows(picture, y, x);
          } else {
            for (int half = 0; half < kHalves; ++half) four_rows(picture, y, x, half);
          }
        }
      }
    }
  }
}

// A product takes as long as its tile of filters has rows, and that is 16: so a tile of 14 pixels takes as long as one
// of 16, and only widths that 16 does not divide have 14.
template <class Out>
void convolve(const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool maxpool2x2, const Out* out) {
  const auto run = layer.side % 16 == 0 ? convolve_by<16, Out> : convolve_by<14, Out>;
  run(layer, in, part, maxpool2x2, out);
}

// A row of a tile of pixels is three neighbouring pixels, and so the products of all kx at once, and one number of the
// next pixel, whose filter is zero.
template <class Out>
void first(const AmxLayer& layer, const uint16_t* rows, int n_rows, const Out& out) {
  constexpr int kPixels = 16;
  constexpr int64_t kPixelBytes = 3 * sizeof(uint16_t);
  constexpr int64_t kFilter = int64_t{vgg16::kAmxFirstDepth} * kTileChannels;
  Tiles tiles(tile_shapes(kPixels, vgg16::kAmxFirstDepth));
  Sums<kPixels> sums;
  for (int at = 0; at < n_rows; at += 2) {
    // The last two rows are moved back to end with the range: one may be computed twice, with the same result.
    const int y = at + 2 <= n_rows ? at : n_rows - 2;
    for (int x = 0; x < layer.side; x += kPixels) {
      const uint16_t* pixels = rows + y * vgg16::kAmxFirstStride + x * 3;
      for (int tile = 0; tile < layer.oc / kTileChannels; tile += 2) {
        zero_sums(tiles);
        const uint16_t* filters = layer.filters + tile * 3 * kFilter;
        add_two_rows(tiles, {pixels, vgg16::kAmxFirstStride, kPixelBytes, filters, kFilter}, 3 * kFilter);
        const float* bias = layer.bias + tile * kTileChannels;
        sums.template take<0, 2>(tiles);
        sums.write_rows(bias, false, out, tile, y, x);
        sums.template take<1, 3>(tiles);
        sums.write_rows(bias + kTileChannels, false, out, tile + 1, y, x);
      }
    }
  }
}

constexpr vgg16::Conv3x3Amx kAmxKernels = {convolve<Bf16Plane>, convolve<Plane>, first<Bf16Plane>, first<Plane>};

}  // namespace
