// Every kernel of every instruction set that this machine runs, against plain loops in double.
#include "kernels/conv3x3_cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "kernels/reference.h"
#include "support/random.h"
#include "support/tolerance.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// A plane with memory of its own: zero border, values from (h, w, c), or NaN to be written.
struct OwnedPlane {
  std::vector<float> memory;
  Plane plane;

  OwnedPlane(int channels, int side, int padded_side, float fill) {
    plane = {nullptr, channels, side, side, padded_side, padded_side};
    memory.assign(static_cast<size_t>(plane.count()), fill);
    plane.data = memory.data();
  }
  float& value(int y, int x, int c) { return plane.at(c / kBlock, y, x)[c % kBlock]; }
};

struct Case {
  int ic, oc, side, m, pictures;
  bool pool;
};

std::string case_name(const Case& c) {
  return std::to_string(c.pictures) + "x" + std::to_string(c.side) + "x" + std::to_string(c.ic) + "to" +
         std::to_string(c.oc) + "_F" + std::to_string(c.m) + (c.pool ? "_pool" : "");
}

std::string set_name(const Conv3x3Cpu& kernels) {
  return std::string(kernels.name) + "_" + std::string(kernels.precision);
}

class WinogradTest : public testing::TestWithParam<const Conv3x3Cpu*> {};

// Runs one layer on `tiles` tiles at a time, all pictures together.
std::vector<float> run_layer(const Conv3x3Cpu& kernels, const Case& c, const std::vector<float>& x,
                             const std::vector<float>& w, const std::vector<float>& b, int tiles_at_a_time) {
  WinogradLayer layer{
      .ic = c.ic, .oc = c.oc, .depth = c.ic / kernels.channels_per_word, .side = c.side, .m = c.m, .bias = b.data()};
  layer.u_panel_stride = int64_t{layer.points()} * layer.depth * kernels.panel;
  layer.u_point_stride = int64_t{layer.depth} * kernels.panel;
  std::vector<float> u(static_cast<size_t>(kernel_count(layer)), kNan);
  for (int p = 0; p < c.oc / kernels.panel; ++p) kernels.transform_kernel(layer, w.data(), p, u.data());
  layer.u = u.data();

  const int out_side = c.pool ? c.side / 2 : c.side;
  std::vector<OwnedPlane> in;
  std::vector<OwnedPlane> out;
  size_t next = 0;
  for (int n = 0; n < c.pictures; ++n) {
    in.emplace_back(c.ic, c.side, layer.padded_side(), 0.0F);
    out.emplace_back(c.oc, out_side, out_side + 2, kNan);
    for (int i = 0; i < c.side; ++i) {
      for (int j = 0; j < c.side; ++j) {
        for (int k = 0; k < c.ic; ++k) in.back().value(i, j, k) = x[next++];
      }
    }
  }
  std::vector<Plane> in_planes;
  std::vector<Plane> out_planes;
  for (auto& plane : in) in_planes.push_back(plane.plane);
  for (auto& plane : out) out_planes.push_back(plane.plane);

  const int n_tiles = layer.tiles() * c.pictures;
  std::vector<float> v(static_cast<size_t>(transformed_count(layer, n_tiles)), kNan);
  std::vector<float> products(static_cast<size_t>(layer.points() * tiles_at_a_time * kernels.panel), kNan);
  kernels.transform_input(layer, in_planes.data(), {0, n_tiles}, 0, c.ic / kBlock, n_tiles, 0, v.data());
  for (int begin = 0; begin < n_tiles; begin += tiles_at_a_time) {
    const TileRange tiles = {begin, std::min(begin + tiles_at_a_time, n_tiles)};
    const int64_t point_stride = int64_t{tiles.count()} * kernels.panel;
    for (int p = 0; p < c.oc / kernels.panel; ++p) {
      for (int point = 0; point < layer.points(); ++point) {
        kernels.multiply(layer.depth, v.data() + (int64_t{point} * n_tiles + begin) * transformed_stride(layer.depth),
                         tiles.count(), u.data() + p * layer.u_panel_stride + point * layer.u_point_stride,
                         products.data() + point * point_stride, kernels.panel);
      }
      kernels.transform_output(layer, products.data(), kernels.panel, point_stride, tiles, p, c.pool,
                               out_planes.data());
    }
  }

  std::vector<float> y;
  for (auto& plane : out) {
    for (int i = -1; i <= out_side; ++i) {
      for (int j = -1; j <= out_side; ++j) {
        const bool inside = i >= 0 && i < out_side && j >= 0 && j < out_side;
        for (int k = 0; k < c.oc; ++k) {
          if (inside)
            y.push_back(plane.value(i, j, k));
          else
            EXPECT_TRUE(std::isnan(plane.value(i, j, k))) << "written outside at " << i << " " << j;
        }
      }
    }
  }
  return y;
}

TEST_P(WinogradTest, MatchesTheReferenceForEveryTileSizeAndOddTileCounts) {
  const Conv3x3Cpu& kernels = *GetParam();
  for (const Case& c : {Case{64, 64, 12, 6, 1, false},
                        {64, 64, 12, 6, 2, true},
                        {64, 128, 14, 6, 1, true},
                        {128, 64, 16, 6, 1, false},
                        {64, 64, 1, 6, 1, false},
                        {64, 64, 28, 4, 1, true},
                        {128, 128, 13, 4, 2, false},
                        {256, 64, 14, 4, 9, true},
                        {512, 64, 7, 4, 3, false},
                        {256, 64, 2, 4, 5, true},
                        {64, 64, 14, 2, 1, true},
                        {512, 64, 5, 2, 4, false}}) {
    SCOPED_TRACE(case_name(c));
    const Shape4 shape = {c.pictures, c.side, c.side, c.ic};
    const auto x = random_floats(shape.count(), 1, 0, 100);  // activations are not negative
    const auto w = random_floats(int64_t{9} * c.ic * c.oc, 2);
    const auto b = random_floats(c.oc, 3, -50, 50);
    const std::vector<double> x_double(x.begin(), x.end());
    const Reference reference = conv3x3_relu_reference(x_double.data(), shape, w.data(), b.data(), c.oc);
    const auto expected =
        c.pool ? maxpool2x2_reference(reference.values.data(), {c.pictures, c.side, c.side, c.oc}) : reference.values;
    const double magnitude = *std::max_element(reference.magnitudes.begin(), reference.magnitudes.end());
    const double tolerance = winograd_tolerance(c.m, c.ic, magnitude) +
                             (kernels.precision == "bf16" ? bf16_operand_tolerance(c.m, magnitude) : 0);
    const auto y = run_layer(kernels, c, x, w, b, 17);
    ASSERT_EQ(y.size(), expected.size());
    double worst = 0;
    for (size_t i = 0; i < y.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(y[i]) - expected[i]));
    EXPECT_LE(worst, tolerance);
    EXPECT_FALSE(std::isnan(worst));
  }
}

TEST_P(WinogradTest, GivesTheSameBitsHoweverTheTilesAreCut) {
  const Conv3x3Cpu& kernels = *GetParam();
  for (const Case& c : {Case{64, 64, 13, 6, 2, false}, {128, 64, 14, 4, 3, true}, {256, 64, 5, 2, 1, false}}) {
    SCOPED_TRACE(case_name(c));
    const auto x = random_floats(int64_t{c.pictures} * c.side * c.side * c.ic, 4, 0, 10);
    const auto w = random_floats(int64_t{9} * c.ic * c.oc, 5);
    const auto b = random_floats(c.oc, 6);
    const auto whole = run_layer(kernels, c, x, w, b, 1000);
    for (const int tiles : {1, 2, 5, 6, 7, 13, 14, 15, 28})
      EXPECT_EQ(run_layer(kernels, c, x, w, b, tiles), whole) << tiles;
  }
}

TEST_P(WinogradTest, FirstConvolutionMatchesTheReference) {
  const Conv3x3Cpu& kernels = *GetParam();
  const auto picture = random_bytes(int64_t{224} * 224 * 3, 8);
  const auto x = preprocess_reference(picture.data());
  std::vector<float> input(size_t{226} * 226 * 3);
  for (int y = 0; y < 224; ++y) {
    for (int i = 0; i < 224 * 3; ++i) {
      input[static_cast<size_t>((y + 1) * 226 * 3 + 3 + i)] =
          static_cast<float>(x[static_cast<size_t>(y * 224 * 3 + i)]);
    }
  }
  const auto w = random_floats(27 * 64, 9);
  const auto b = random_floats(64, 10);
  OwnedPlane out(64, 224, 226, kNan);
  // In strips of every width from 7 columns on; together they cover the picture.
  const int64_t row_stride = int64_t{out.plane.cols} * kBlock;
  int next_width = 7;
  for (const auto& [y_begin, y_end] : {std::pair(0, 1), {1, 100}, {100, 224}}) {
    for (int column = 0; column < 224;) {
      const int x_end = 224 - (column + next_width) < 7 ? 224 : column + next_width;
      kernels.first_convolution(input.data(), w.data(), b.data(), y_begin, y_end, column, x_end,
                                out.plane.at(0, y_begin, column), out.plane.rows * row_stride, row_stride);
      column = x_end;
      next_width = next_width == 30 ? 7 : next_width + 1;
    }
  }
  const Reference reference = conv3x3_relu_reference(x.data(), {1, 224, 224, 3}, w.data(), b.data(), 64);
  size_t at = 0;
  for (int y = 0; y < 224; ++y) {
    for (int column = 0; column < 224; ++column) {
      for (int c = 0; c < 64; ++c, ++at) {
        ASSERT_NEAR(static_cast<double>(out.value(y, column, c)), reference.values[at],
                    sum_tolerance(27, reference.magnitudes[at]))
            << y << " " << column << " " << c;
      }
    }
  }
}

TEST_P(WinogradTest, AnythingThatReadsANanIsNan) {
  const Conv3x3Cpu& kernels = *GetParam();
  for (const Case& c : {Case{64, 64, 12, 6, 2, false},
                        {64, 64, 12, 6, 2, true},
                        {64, 64, 8, 4, 2, true},
                        {64, 64, 4, 2, 2, false},
                        {64, 64, 4, 2, 2, true}}) {
    SCOPED_TRACE(case_name(c));
    auto x = random_floats(int64_t{c.pictures} * c.side * c.side * c.ic, 11, 0, 10);
    const auto w = random_floats(int64_t{9} * c.ic * c.oc, 12);
    const auto b = random_floats(c.oc, 13);
    const auto clean = run_layer(kernels, c, x, w, b, 1000);
    const int per_output = c.pool ? 2 : 1;
    const int out_side = c.side / per_output;
    for (int at = 0; at < c.m * c.m; ++at) {  // every place in a tile, of the first picture
      const int row = at / c.m;
      const int column = at % c.m;
      float& pixel = x[static_cast<size_t>((row * c.side + column) * c.ic + at % c.ic)];
      const float before = std::exchange(pixel, at % 2 == 0 ? kNan : -kNan);
      const auto y = run_layer(kernels, c, x, w, b, 1000);
      pixel = before;
      for (int i = std::max(row - 1, 0) / per_output; i <= (row + 1) / per_output; ++i) {
        for (int j = std::max(column - 1, 0) / per_output; j <= (column + 1) / per_output; ++j) {
          const float* outputs = y.data() + (i * out_side + j) * c.oc;
          for (int o = 0; o < c.oc; ++o) ASSERT_TRUE(std::isnan(outputs[o])) << row << " " << column << " " << o;
        }
      }
      const auto second = static_cast<std::ptrdiff_t>(y.size() / 2);
      EXPECT_TRUE(std::equal(y.begin() + second, y.end(), clean.begin() + second)) << "the other picture changed";
    }
  }
}

// Each of the products at the four corners of a transformed tile affects only one output, and these four outputs are at
// the four positions of a pooling window.
TEST_P(WinogradTest, NanPassesReluAndEveryPlaceOfAPoolingWindow) {
  const Conv3x3Cpu& kernels = *GetParam();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const int m : {2, 4, 6}) {
    for (const bool pool : {false, true}) {
      for (int corner = 0; corner < 4; ++corner) {
        for (const auto& [value, expected] :
             {std::pair(kNan, kNan), {-kNan, kNan}, {kInfinity, kInfinity}, {-kInfinity, 0.0F}, {-0.0F, 0.0F}}) {
          const std::vector<float> bias(static_cast<size_t>(kernels.panel), 0.0F);
          const WinogradLayer layer{.ic = 64, .oc = kernels.panel, .side = m, .m = m, .bias = bias.data()};
          std::vector<float> products(static_cast<size_t>(layer.points() * kernels.panel), -0.0F);
          const int row = corner / 2 * (m + 1);
          const int column = corner % 2 * (m + 1);
          std::fill_n(products.begin() + (row * (m + 2) + column) * kernels.panel, kernels.panel, value);
          const int side = pool ? m / 2 : m;
          OwnedPlane out((kernels.panel + kBlock - 1) / kBlock * kBlock, side, side + 2, kNan);
          kernels.transform_output(layer, products.data(), 0, kernels.panel, {0, 1}, 0, pool, &out.plane);
          for (int i = 0; i < side; ++i) {
            for (int j = 0; j < side; ++j) {
              const bool is_corner = i == corner / 2 * (side - 1) && j == corner % 2 * (side - 1);
              const float wanted = is_corner || side == 1 ? expected : 0.0F;
              for (int o = 0; o < kernels.panel; ++o) {
                const float y = out.value(i, j, o);
                ASSERT_TRUE(std::isnan(wanted) ? std::isnan(y) : y == wanted) << m << pool << corner << " " << y;
                ASSERT_TRUE(std::isnan(y) || !std::signbit(y)) << "-0";
              }
            }
          }
        }
      }
    }
  }
}

TEST_P(WinogradTest, NanPassesTheFirstConvolution) {
  constexpr int kColumns = 9;
  std::vector<float> input(size_t{226} * 226 * 3, 1.0F);
  input[size_t{1} * 226 * 3 + 4 * 3 + 2] = kNan;  // of row 1 and column 4, border included
  const auto w = random_floats(27 * 64, 14);
  const auto b = random_floats(64, 15);
  OwnedPlane out(64, kColumns, kColumns + 2, 0.0F);
  const int64_t row_stride = int64_t{out.plane.cols} * kBlock;
  GetParam()->first_convolution(input.data(), w.data(), b.data(), 0, kColumns, 0, kColumns, out.plane.at(0, 0, 0),
                                out.plane.rows * row_stride, row_stride);
  for (int y = 0; y < kColumns; ++y) {
    for (int x = 0; x < kColumns; ++x) {
      for (int o = 0; o < 64; ++o) EXPECT_EQ(std::isnan(out.value(y, x, o)), y <= 1 && x >= 2 && x <= 4) << y << x << o;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, WinogradTest,
                         testing::ValuesIn(runnable_conv3x3_cpu().begin(), runnable_conv3x3_cpu().end()),
                         [](const auto& param) { return set_name(*param.param); });

TEST(Conv3x3CpuTest, ListsFloat32FirstAndRefusesAnUnknownPrecision) {
  EXPECT_EQ((*runnable_conv3x3_cpu().begin())->precision, "f32");
  try {
    static_cast<void>(conv3x3_cpu("", "f8"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_NE(std::string(error.what()).find("use f32"), std::string::npos);
  }
}

TEST(Conv3x3CpuTest, AreFoundByNameAndRefusedByName) {
  EXPECT_EQ(conv3x3_cpu("portable", "f32").name, "portable");
  EXPECT_EQ(&conv3x3_cpu("", "f32"), *runnable_conv3x3_cpu().begin());
  try {
    static_cast<void>(conv3x3_cpu("avx9000", "f32"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("this machine runs"), std::string::npos);
  }
}

}  // namespace
}  // namespace vgg16
