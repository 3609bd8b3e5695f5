// The AMX kernels over the stand-in of the tiles and, where there is AMX, over the tiles themselves: against plain
// loops in double, and against one another bit by bit.
#include "kernels/conv3x3_amx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/amx_permission.h"
#include "kernels/bf16.h"
#include "kernels/instruction_set.h"
#include "kernels/reference.h"
#include "support/amx_stand_in.h"
#include "support/random.h"
#include "support/tolerance.h"

namespace vgg16 {
namespace {

bool has_tiles() { return runs_here(InstructionSet::kAmx) && request_amx().empty(); }

struct Kernels {
  std::string name;
  const Conv3x3Amx* set;
  friend void PrintTo(const Kernels& kernels, std::ostream* stream) { *stream << kernels.name; }
};
std::vector<Kernels> kernels() {
  std::vector<Kernels> sets = {{"stand_in", &amx_stand_in()}};
  if (has_tiles()) sets.push_back({"tiles", &conv3x3_amx()});
  return sets;
}

// A plane with memory of its own, all `fill`.
template <class View, class Element>
struct OwnedPlane {
  std::vector<Element> memory;
  View plane;
  OwnedPlane(int channels, int side, Element fill) : plane{nullptr, channels, side, side, side + 2, side + 2} {
    memory.assign(static_cast<size_t>(plane.count()), fill);
    plane.data = memory.data();
  }
};
using OwnedBf16 = OwnedPlane<Bf16Plane, uint16_t>;
using OwnedF32 = OwnedPlane<Plane, float>;

struct Layer {
  int ic, oc, side, pictures;
  bool pool;
  std::vector<float> w, b;
  std::vector<double> x;         // (pictures, side, side, ic), every value a bfloat16
  std::vector<OwnedBf16> in;     // the same
  std::vector<uint16_t> packed;  // w

  Layer(int ic_, int oc_, int side_, int pictures_, bool pool_)
      : ic(ic_), oc(oc_), side(side_), pictures(pictures_), pool(pool_) {
    const auto rounded = [](float v) { return bf16_to_float(float_to_bf16(v)); };
    w = random_floats(int64_t{9} * ic * oc, 1);
    b = random_floats(oc, 2);
    std::transform(w.begin(), w.end(), w.begin(), rounded);
    const auto values = random_floats(int64_t{pictures} * side * side * ic, 3);
    for (const float v : values) x.push_back(static_cast<double>(rounded(v)));
    pack();
    for (int p = 0; p < pictures; ++p) {
      in.emplace_back(ic, side, uint16_t{0});
      for (int64_t i = 0; i < int64_t{side} * side * ic; ++i) {
        const auto c = static_cast<int>(i % ic);
        const auto pixel = static_cast<int>(i / ic);
        in.back().plane.at(c / kBf16Block, pixel / side, pixel % side)[c % kBf16Block] =
            float_to_bf16(static_cast<float>(x[static_cast<size_t>(p * int64_t{side} * side * ic + i)]));
      }
    }
  }
  void pack() {
    packed.resize(w.size());
    for (int panel = 0; panel < oc / kBf16Block; ++panel) {
      pack_amx_filters(w.data(), ic, oc, panel, packed.data() + panel * amx_panel_count(ic));
    }
  }
  [[nodiscard]] AmxLayer view() const { return {ic, oc, side, packed.data(), b.data()}; }
  [[nodiscard]] AmxPart whole() const { return {pictures, 0, side, 0, oc / kBf16Block}; }
  [[nodiscard]] int out_side() const { return pool ? side / 2 : side; }
  [[nodiscard]] std::vector<Bf16Plane> inputs() const {
    std::vector<Bf16Plane> views;
    for (const OwnedBf16& plane : in) views.push_back(plane.plane);
    return views;
  }
};

// Calls run(inputs, outputs) with output planes of junk, of which only what is inside may change; returns (pictures, h,
// w, c).
template <class Owned, class Element, class Run>
std::vector<Element> run_layer(const Layer& layer, Element junk, const Run& run) {
  std::vector<Owned> out(static_cast<size_t>(layer.pictures), {layer.oc, layer.out_side(), junk});
  std::vector<decltype(Owned::plane)> views;
  for (Owned& plane : out) {
    plane.plane.data = plane.memory.data();
    views.push_back(plane.plane);
  }
  run(layer.inputs().data(), views.data());
  std::vector<Element> values;
  for (const auto& plane : views) {
    constexpr int kChannels = decltype(Owned::plane)::kChannels;
    for (int y = -1; y <= plane.h; ++y) {
      for (int x = -1; x <= plane.w; ++x) {
        const bool inside = y >= 0 && y < plane.h && x >= 0 && x < plane.w;
        for (int c = 0; c < plane.channels; ++c) {
          const Element value = plane.at(c / kChannels, y, x)[c % kChannels];
          if (inside)
            values.push_back(value);
          else
            EXPECT_EQ(std::memcmp(&value, &junk, sizeof junk), 0) << "border " << y << " " << x;
        }
      }
    }
  }
  return values;
}

std::vector<float> run_last(const Conv3x3Amx& set, const Layer& layer, const std::vector<AmxPart>& parts) {
  return run_layer<OwnedF32>(layer, std::numeric_limits<float>::quiet_NaN(),
                             [&](const Bf16Plane* in, const Plane* out) {
                               for (const AmxPart& part : parts)
                                 set.convolve_last(layer.view(), in, part, layer.pool, out);
                             });
}

std::vector<uint16_t> run_bf16(const Conv3x3Amx& set, const Layer& layer) {
  return run_layer<OwnedBf16>(layer, uint16_t{0xABCD}, [&](const Bf16Plane* in, const Bf16Plane* out) {
    set.convolve(layer.view(), in, layer.whole(), layer.pool, out);
  });
}

class AmxKernelsTest : public testing::TestWithParam<Kernels> {};

TEST_P(AmxKernelsTest, AConvolutionAgreesWithPlainLoops) {
  const struct {
    int ic, oc, side, pictures;
    bool pool;
  } cases[] = {{32, 32, 14, 1, false},  {32, 64, 14, 3, true}, {96, 32, 28, 1, false}, {64, 96, 42, 2, true},
               {160, 32, 14, 2, false}, {32, 32, 16, 1, true}, {32, 64, 48, 1, false}};
  for (const auto& c : cases) {
    const Layer layer(c.ic, c.oc, c.side, c.pictures, c.pool);
    const Shape4 shape = {c.pictures, c.side, c.side, c.ic};
    const Reference sums = conv3x3_relu_reference(layer.x.data(), shape, layer.w.data(), layer.b.data(), c.oc);
    const Shape4 unpooled = {c.pictures, c.side, c.side, c.oc};
    const auto expected = c.pool ? maxpool2x2_reference(sums.values.data(), unpooled) : sums.values;
    const auto magnitudes = c.pool ? maxpool2x2_reference(sums.magnitudes.data(), unpooled) : sums.magnitudes;
    const auto values = run_last(*GetParam().set, layer, {layer.whole()});
    ASSERT_EQ(values.size(), expected.size());
    // Operands are exact, so only the sums in float32 differ.
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(values[i]), expected[i], sum_tolerance(9 * c.ic, magnitudes[i]))
          << c.ic << " " << c.side << " " << i;
    }
    // Between layers the same numbers are rounded to bfloat16.
    const auto rounded = run_bf16(*GetParam().set, layer);
    ASSERT_EQ(rounded.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(rounded[i], float_to_bf16(values[i])) << i;
  }
}

// The last six rows, so with the border and with two rows left over four, of the last 32 output channels.
TEST_P(AmxKernelsTest, TheShapesOfTheNetworkAgreeWithPlainLoops) {
  constexpr int kRows = 6;
  const struct {
    int ic, oc, side;
  } shapes[] = {{64, 64, 224},  {64, 128, 112}, {128, 128, 112}, {128, 256, 56},
                {256, 256, 56}, {256, 512, 28}, {512, 512, 28},  {512, 512, 14}};
  for (const auto& c : shapes) {
    const Layer layer(c.ic, c.oc, c.side, 1, false);
    const int panel = c.oc / kBf16Block - 1;
    const auto values = run_last(*GetParam().set, layer, {{1, c.side - kRows, c.side, panel, panel + 1}});
    std::vector<float> w;
    for (int64_t i = 0; i < int64_t{9} * c.ic; ++i) {
      const auto* row = layer.w.data() + i * c.oc + panel * kBf16Block;
      w.insert(w.end(), row, row + kBf16Block);
    }
    // One row more above, whose own result, with a border where there is none, is not looked at.
    const int64_t row_count = int64_t{c.side} * c.ic;
    const Reference sums =
        conv3x3_relu_reference(layer.x.data() + (c.side - kRows - 1) * row_count, {1, kRows + 1, c.side, c.ic},
                               w.data(), layer.b.data() + panel * kBf16Block, kBf16Block);
    for (int64_t i = 0; i < int64_t{kRows} * c.side * kBf16Block; ++i) {
      const auto expected = static_cast<size_t>(i + c.side * kBf16Block);
      const int64_t pixel = int64_t{c.side - kRows} * c.side + i / kBf16Block;
      const float value = values[static_cast<size_t>(pixel * c.oc + panel * kBf16Block + i % kBf16Block)];
      ASSERT_NEAR(static_cast<double>(value), sums.values[expected], sum_tolerance(9 * c.ic, sums.magnitudes[expected]))
          << c.side << " " << c.ic << " " << i;
    }
  }
}

TEST_P(AmxKernelsTest, APartGivesTheBitsOfTheWhole) {
  const Layer layer(64, 96, 28, 2, true);
  const auto whole = run_last(*GetParam().set, layer, {layer.whole()});
  // Of panels and rows: 6 and 10 are not multiples of 4.
  std::vector<AmxPart> parts;
  for (const auto& [begin, end] : {std::pair{0, 6}, std::pair{6, 12}, std::pair{12, 28}}) {
    for (int panel = 0; panel < 3; ++panel) parts.push_back({2, begin, end, panel, panel + 1});
  }
  EXPECT_EQ(run_last(*GetParam().set, layer, parts), whole);
}

TEST_P(AmxKernelsTest, NanAndOverflowReachTheOutput) {
  for (const bool pool : {false, true}) {
    Layer layer(32, 32, 14, 1, pool);
    layer.in[0].plane.at(0, 7, 7)[5] = 0xFFC0;  // the NaN that x86 makes is negative
    const auto values = run_last(*GetParam().set, layer, {layer.whole()});
    const auto nans = std::count_if(values.begin(), values.end(), [](float v) { return std::isnan(v); });
    EXPECT_EQ(nans, (pool ? 4 : 9) * 32);
    const auto rounded = run_bf16(*GetParam().set, layer);
    EXPECT_EQ(std::count_if(rounded.begin(), rounded.end(), [](uint16_t v) { return std::isnan(bf16_to_float(v)); }),
              nans);
  }
}

TEST_P(AmxKernelsTest, NoSumBecomesMinusZero) {
  Layer layer(32, 32, 14, 1, true);
  for (float& w : layer.w) w = -std::abs(w) * 1e-30F;
  layer.pack();
  std::fill(layer.b.begin(), layer.b.end(), 0.0F);
  for (uint16_t& x : layer.in[0].memory) x = float_to_bf16(std::abs(bf16_to_float(x)) * 1e-10F);
  for (const float v : run_last(*GetParam().set, layer, {layer.whole()})) ASSERT_FALSE(v != 0 || std::signbit(v));
}

TEST_P(AmxKernelsTest, TheFirstConvolutionAgreesWithPlainLoops) {
  const auto picture = random_bytes(kPictureBytes, 4);
  auto w = random_floats(27 * 64, 5);
  for (float& v : w) v = bf16_to_float(float_to_bf16(v));
  const auto b = random_floats(64, 6);
  auto bias = b;
  std::vector<uint16_t> packed(kAmxFirstFilterCount);
  pack_amx_first_filters(w.data(), packed.data(), bias.data());
  const AmxLayer layer = {3, 64, 224, packed.data(), bias.data()};
  const auto x = preprocess_reference(picture.data());
  const Reference expected = conv3x3_relu_reference(x.data(), {1, 224, 224, 3}, w.data(), b.data(), 64);
  OwnedF32 out(64, 224, -1.0F);
  OwnedBf16 rounded(64, 224, 0);
  // In uneven parts, each with the rows above and below it.
  for (const auto& [begin, end] : {std::pair{0, 9}, std::pair{9, 13}, std::pair{13, 224}}) {
    std::vector<uint16_t> rows(static_cast<size_t>((end - begin + 2) * kAmxFirstStride), 0x7FC0);
    preprocess_amx(picture.data(), begin - 1, end + 1, rows.data());
    Plane to = out.plane;
    to.data += begin * to.row_stride();
    GetParam().set->first_last(layer, rows.data(), end - begin, to);
    Bf16Plane rounded_to = rounded.plane;
    rounded_to.data += begin * rounded_to.row_stride();
    GetParam().set->first(layer, rows.data(), end - begin, rounded_to);
  }
  for (int y = 0; y < 224; ++y) {
    for (int x_at = 0; x_at < 224; ++x_at) {
      for (int c = 0; c < 64; ++c) {
        const auto i = static_cast<size_t>((y * 224 + x_at) * 64 + c);
        const float value = out.plane.at(c / kBlock, y, x_at)[c % kBlock];
        // Inside, pixels are exact; of the border, what the mean is beside a whole number is rounded.
        const bool inside = y > 0 && y < 223 && x_at > 0 && x_at < 223;
        const double tolerance = inside ? sum_tolerance(27, expected.magnitudes[i]) : 0.02;
        ASSERT_NEAR(static_cast<double>(value), expected.values[i], tolerance) << y << " " << x_at;
        ASSERT_EQ(rounded.plane.at(c / kBf16Block, y, x_at)[c % kBf16Block], float_to_bf16(value));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, AmxKernelsTest, testing::ValuesIn(kernels()),
                         [](const auto& param) { return param.param.name; });

// Random bits: numbers of every size, denormal ones, infinities and NaN.
TEST(AmxTilesTest, GiveTheBitsOfTheStandIn) {
  if (!has_tiles()) GTEST_SKIP() << "this processor has no AMX, or the system does not grant it";
  Layer layer(64, 64, 14, 2, false);
  const auto bytes = random_bytes(static_cast<int64_t>(layer.packed.size()) * 2, 7);
  // Ranges of exponents: near 1, wide, so small that products and sums are denormal, and all there are.
  for (const auto& [low, high] : {std::pair{126, 128}, std::pair{70, 180}, std::pair{40, 90}, std::pair{0, 255}}) {
    const auto number = [&](size_t i) {
      const unsigned bits = bytes[i % bytes.size()] | unsigned{bytes[(i * 7 + 1) % bytes.size()]} << 8U;
      const auto exponent = static_cast<unsigned>(low) + (bits >> 7U & 0xFFU) * static_cast<unsigned>(high - low) / 255;
      return static_cast<uint16_t>((bits & 0x807FU) | exponent << 7U);
    };
    for (size_t i = 0; i < layer.packed.size(); ++i) layer.packed[i] = number(i);
    for (OwnedBf16& plane : layer.in) {
      for (size_t i = 0; i < plane.memory.size(); ++i) plane.memory[i] = number(3 * i + 5);
    }
    std::fill(layer.b.begin(), layer.b.end(), 0.0F);
    const auto real = run_last(conv3x3_amx(), layer, {layer.whole()});
    const auto stand_in = run_last(amx_stand_in(), layer, {layer.whole()});
    size_t numbers = 0;
    for (size_t i = 0; i < real.size(); ++i) {
      ASSERT_EQ(std::isnan(real[i]), std::isnan(stand_in[i])) << low << " " << i;
      if (std::isnan(real[i])) continue;
      ASSERT_EQ(real[i], stand_in[i]) << low << " " << i;
      numbers += real[i] != 0 ? 1 : 0;
    }
    EXPECT_TRUE(high == 255 || numbers > real.size() / 8) << low;
  }
}

}  // namespace
}  // namespace vgg16
