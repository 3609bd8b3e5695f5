#include <algorithm>
#include <array>

#include "kernels/bf16.h"
#include "kernels/conv3x3_amx.h"
#include "vgg16/error.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr int kTileChannels = 16;  // output channels of one tile of filters

// Writes the tile whose row r holds the channels 2r and 2r + 1: value(channel, o) for the output channels o of the
// tile.
template <class Value>
uint16_t* pack_tile(int channels, const Value& value, uint16_t* out) {
  for (int c = 0; c < channels; c += 2) {
    for (int o = 0; o < kTileChannels; ++o) {
      *out++ = float_to_bf16(value(c, o));
      *out++ = float_to_bf16(value(c + 1, o));
    }
  }
  return out;
}

constexpr std::array<float, 3> kWholeMeans = {104, 117, 124};  // of kMeanBgr, rounded

// What is left of the means.
float rest_of_mean(int c) { return kMeanBgr[c] - kWholeMeans[static_cast<size_t>(c)]; }

// Bytes minus the whole means, and what stands for a pixel outside the picture.
struct PixelTable {
  std::array<std::array<uint16_t, 256>, 3> values{};
  std::array<uint16_t, 3> outside{};
  PixelTable() {
    for (size_t c = 0; c < 3; ++c) {
      for (size_t byte = 0; byte < 256; ++byte)
        values[c][byte] = float_to_bf16(static_cast<float>(byte) - kWholeMeans[c]);
      outside[c] = float_to_bf16(rest_of_mean(static_cast<int>(c)));
    }
  }
};

}  // namespace

void pack_amx_filters(const float* kernel, int ic, int oc, int panel, uint16_t* packed) {
  for (int o = panel * kBf16Block; o < (panel + 1) * kBf16Block; o += kTileChannels) {
    for (int c = 0; c < ic; c += kBf16Block) {
      for (int kx = 0; kx < 3; ++kx) {
        for (int ky = 0; ky < 3; ++ky) {
          const float* at = kernel + (int64_t{ky * 3 + kx} * ic + c) * oc + o;
          packed = pack_tile(
              kBf16Block, [&](int i, int j) { return at[int64_t{i} * oc + j]; }, packed);
        }
      }
    }
  }
}

void pack_amx_first_filters(const float* kernel, uint16_t* packed, float* bias) {
  constexpr int kOc = 64;
  for (int o = 0; o < kOc; o += kTileChannels) {
    for (int ky = 0; ky < 3; ++ky) {
      const auto value = [&](int i, int j) { return i < 9 ? kernel[(ky * 9 + i) * kOc + o + j] : 0.0F; };
      packed = pack_tile(kAmxFirstDepth, value, packed);
    }
  }
  for (int o = 0; o < kOc; ++o) {
    double sum = 0;
    for (int i = 0; i < 27; ++i) {
      sum += static_cast<double>(rest_of_mean(i % 3)) *
             static_cast<double>(bf16_to_float(float_to_bf16(kernel[i * kOc + o])));
    }
    bias[o] = static_cast<float>(static_cast<double>(bias[o]) - sum) + 0.0F;  // never -0
  }
}

void preprocess_amx(const uint8_t* picture, int y_begin, int y_end, uint16_t* rows) {
  static const PixelTable kTable;
  const auto put_outside = [&](uint16_t* to, int pixels) {
    for (int i = 0; i < pixels * 3; ++i) to[i] = kTable.outside[static_cast<size_t>(i % 3)];
  };
  for (int y = y_begin; y < y_end; ++y, rows += kAmxFirstStride) {
    std::fill_n(rows + kAmxFirstStride - 2, 2, uint16_t{0});
    if (y < 0 || y >= kInputSide) {
      put_outside(rows, kInputSide + 2);
      continue;
    }
    put_outside(rows, 1);
    const uint8_t* rgb = picture + y * kInputSide * 3;
    for (uint16_t* to = rows + 3; to < rows + (kInputSide + 1) * 3; to += 3, rgb += 3) {
      to[0] = kTable.values[0][rgb[2]];
      to[1] = kTable.values[1][rgb[1]];
      to[2] = kTable.values[2][rgb[0]];
    }
    put_outside(rows + (kInputSide + 1) * 3, 1);
  }
}

#ifndef VGG16_X86
const Conv3x3Amx& conv3x3_amx() { throw Error(ErrorCode::kDevice, "this build is for a processor without AMX"); }
#endif

}  // namespace vgg16
