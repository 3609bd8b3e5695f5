#include <array>

#include "kernels/bf16.h"
#include "kernels/conv3x3_amx.h"
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

// The larger and the smaller part of every byte minus the mean of one colour.
struct Split {
  std::array<uint16_t, 256> larger{}, smaller{};
  explicit Split(float mean) {
    for (size_t byte = 0; byte < larger.size(); ++byte) {
      const float value = static_cast<float>(byte) - mean;
      larger[byte] = float_to_bf16(value);
      smaller[byte] = float_to_bf16(value - bf16_to_float(larger[byte]));
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

void pack_amx_first_filters(const float* kernel, uint16_t* packed) {
  constexpr int kOc = 64;
  for (int o = 0; o < kOc; o += kTileChannels) {
    for (int ky = 0; ky < 3; ++ky) {
      const auto value = [&](int i, int j) {
        const int c = i % kAmxFirstChannels;
        return c < 6 ? kernel[(ky * 9 + i / kAmxFirstChannels * 3 + c % 3) * kOc + o + j] : 0.0F;
      };
      packed = pack_tile(3 * kAmxFirstChannels, value, packed);
    }
  }
}

void preprocess_amx(const uint8_t* picture, int y_begin, int y_end, uint16_t* rows) {
  static const std::array<Split, 3> kSplits = {Split(kMeanBgr[0]), Split(kMeanBgr[1]), Split(kMeanBgr[2])};
  for (int y = y_begin; y < y_end; ++y) {
    for (int x = -1; x <= kInputSide; ++x, rows += kAmxFirstChannels) {
      std::fill_n(rows, kAmxFirstChannels, uint16_t{0});
      if (y < 0 || y >= kInputSide || x < 0 || x >= kInputSide) continue;
      const uint8_t* rgb = picture + (y * kInputSide + x) * 3;
      for (size_t c = 0; c < 3; ++c) {
        rows[c] = kSplits[c].larger[rgb[2 - c]];
        rows[3 + c] = kSplits[c].smaller[rgb[2 - c]];
      }
    }
  }
}

}  // namespace vgg16
