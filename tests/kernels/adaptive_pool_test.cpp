#include "kernels/adaptive_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/reference.h"
#include "support/random.h"
#ifdef VGG16_WITH_CUDA
#include "support/cuda_op_test.h"
#include "support/tolerance.h"
#endif

namespace vgg16 {
namespace {

// A picture's (h, w, c) in a plane with a border, which must not be read: it is NaN.
struct BorderedPlane {
  std::vector<float> memory;
  Plane plane;

  BorderedPlane(const std::vector<float>& x, int h, int w, int c)
      : memory(static_cast<size_t>(c) * (h + 3) * (w + 2), std::numeric_limits<float>::quiet_NaN()),
        plane{memory.data(), c, h, w, h + 3, w + 2} {
    for (int i = 0; i < h; ++i) {
      for (int j = 0; j < w; ++j) {
        for (int k = 0; k < c; ++k)
          plane.at(k / kBlock, i, j)[k % kBlock] = x[static_cast<size_t>((i * w + j) * c + k)];
      }
    }
  }

  // (side, side, c), as the engine calls the operation.
  template <class Op>
  [[nodiscard]] std::vector<float> pooled(Op op, int side) const {
    std::vector<float> y;
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) {
        for (int block = 0; block < plane.channels / kBlock; ++block) {
          std::array<float, kBlock> channels;
          op(plane, block, pool_window(i, side, plane.h), pool_window(j, side, plane.w), channels.data());
          y.insert(y.end(), channels.begin(), channels.end());
        }
      }
    }
    return y;
  }
};

TEST(AdaptivePoolTest, WindowsAreThoseOfPyTorch) {
  const auto window = [](int i, int count, int n) {
    const PoolWindow found = pool_window(i, count, n);
    return std::pair(found.first, found.first + found.size - 1);
  };
  EXPECT_EQ(window(0, 2, 7), std::pair(0, 3));  // the middle position is in both
  EXPECT_EQ(window(1, 2, 7), std::pair(3, 6));
  EXPECT_EQ(window(0, 2, 14), std::pair(0, 6));
  EXPECT_EQ(window(1, 2, 14), std::pair(7, 13));
  EXPECT_EQ(window(0, 1, 7), std::pair(0, 6));
  EXPECT_EQ(window(0, 2, 2), std::pair(0, 0));
  EXPECT_EQ(window(1, 2, 2), std::pair(1, 1));
}

// The positions 0 to 48 of 7 x 7, each with its number as value. The means are those that PyTorch 2.15 prints for
// torch.nn.AdaptiveAvgPool2d(2)(torch.arange(49.).reshape(1, 1, 7, 7)).
TEST(AdaptivePoolTest, MeansAreThoseOfPyTorch) {
  std::vector<float> x;
  for (int position = 0; position < 49; ++position) x.insert(x.end(), kBlock, static_cast<float>(position));
  const auto mean = BorderedPlane(x, 7, 7, kBlock).pooled(adaptive_avg_pool_cpu, 2);
  const std::array<float, 4> expected = {12, 15, 33, 36};
  ASSERT_EQ(mean.size(), expected.size() * kBlock);
  for (size_t i = 0; i < mean.size(); ++i) EXPECT_EQ(mean[i], expected[i / kBlock]) << i;
}

TEST(AdaptivePoolTest, MatchesTheReference) {
  for (const Shape4 shape : {Shape4{1, 1, 1, 16},
                             {1, 1, 5, 32},
                             {1, 2, 3, 16},
                             {1, 7, 7, 512},
                             {1, 9, 4, 48},
                             {1, 14, 14, 32},
                             {1, 112, 112, 64}}) {
    for (const int side : {1, 2}) {
      if (side > shape.h) continue;
      SCOPED_TRACE(testing::Message() << shape.h << " x " << shape.w << " x " << shape.c << " to " << side);
      const auto x = random_floats(shape.count(), 11, -1, 3);
      const std::vector<double> exact(x.begin(), x.end());
      const BorderedPlane picture(x, shape.h, shape.w, shape.c);
      const auto mean = picture.pooled(adaptive_avg_pool_cpu, side);
      const auto maximum = picture.pooled(adaptive_max_pool_cpu, side);
      const Reference expected = adaptive_avg_pool_reference(exact.data(), shape, side);
      const auto largest = adaptive_max_pool_reference(exact.data(), shape, side);
      ASSERT_EQ(mean.size(), largest.size());
      for (size_t i = 0; i < mean.size(); ++i) {
        // Sums in double leave one rounding to float32.
        ASSERT_NEAR(static_cast<double>(mean[i]), expected.values[i], 0x1.001p-24 * std::fabs(expected.values[i])) << i;
        ASSERT_EQ(static_cast<double>(maximum[i]), largest[i]) << i;
      }
    }
  }
}

TEST(AdaptivePoolTest, RoundsTheMeanOnce) {
  // Added to 2^24 one at a time in float32, the ones would all be rounded away.
  std::vector<float> x(size_t{4} * kBlock, 1.0F);
  std::fill_n(x.begin(), kBlock, 16'777'216.0F);
  for (const float value : BorderedPlane(x, 2, 2, kBlock).pooled(adaptive_avg_pool_cpu, 1)) {
    EXPECT_EQ(value, static_cast<float>(16'777'219.0 / 4));
  }
}

TEST(AdaptivePoolTest, KeepsNanWhereverItStands) {
  for (size_t position = 0; position < 4; ++position) {
    std::vector<float> x(size_t{4} * kBlock, 1.0F);
    x[position * kBlock + 3] = std::numeric_limits<float>::quiet_NaN();
    const BorderedPlane picture(x, 2, 2, kBlock);
    for (const auto& y : {picture.pooled(adaptive_avg_pool_cpu, 1), picture.pooled(adaptive_max_pool_cpu, 1)}) {
      for (size_t c = 0; c < y.size(); ++c) EXPECT_EQ(std::isnan(y[c]), c == 3) << position << " " << c;
    }
    const std::vector<double> exact(x.begin(), x.end());
    EXPECT_TRUE(std::isnan(adaptive_max_pool_reference(exact.data(), {1, 2, 2, kBlock}, 1)[3])) << position;
  }
}

#ifdef VGG16_WITH_CUDA
class AdaptivePoolCudaTest : public CudaOpTest {
 protected:
  using Op = void(DeviceIn, DeviceOut, CudaStream);
  [[nodiscard]] std::vector<float> pooled(Op op, const std::vector<float>& x, Shape4 shape, int side) const {
    const DeviceInput in(x, shape, type());
    DeviceOutput out({shape.n, side, side, shape.c}, ElementType::kF32);
    op(in.view(), out.view(), stream());
    return values(out);
  }
};

TEST_P(AdaptivePoolCudaTest, MatchesTheReferenceAndDoesNotDependOnTheBatch) {
  for (const Shape4 shape : {Shape4{1, 1, 1, 8},
                             {3, 7, 7, 512},
                             {2, 5, 9, 72},
                             {1, 3, 11, 24},
                             {1, 2, 2, 8},
                             {2, 28, 28, 64},
                             {0, 7, 7, 8}}) {
    for (const int side : {1, 2}) {
      if (side > shape.h) continue;
      SCOPED_TRACE(text(shape) + " to " + std::to_string(side));
      const auto x = random_of(type(), shape.count(), 7, -1, 3);
      const auto mean = pooled(adaptive_avg_pool_cuda, x, shape, side);
      const auto maximum = pooled(adaptive_max_pool_cuda, x, shape, side);
      const Reference expected = adaptive_avg_pool_reference(as_double(x).data(), shape, side);
      const auto largest = adaptive_max_pool_reference(as_double(x).data(), shape, side);
      ASSERT_EQ(mean.size(), largest.size());
      ASSERT_EQ(maximum.size(), largest.size());
      for (size_t i = 0; i < largest.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(mean[i]), expected.values[i],
                    sum_tolerance(shape.h * shape.w, expected.magnitudes[i]))
            << i;
        ASSERT_EQ(static_cast<double>(maximum[i]), largest[i]) << i;
      }
      if (shape.n < 2) continue;
      const Shape4 one = {1, shape.h, shape.w, shape.c};
      const auto alone = pooled(adaptive_avg_pool_cuda, {x.end() - one.count(), x.end()}, one, side);
      EXPECT_EQ(alone, std::vector<float>(mean.end() - side * side * shape.c, mean.end()));
    }
  }
}

TEST_P(AdaptivePoolCudaTest, KeepsNan) {
  const Shape4 shape = {1, 9, 9, 8};
  std::vector<float> x(static_cast<size_t>(shape.count()), 2.0F);
  x[50 * 8 + 5] = kNan;
  for (Op* op : {adaptive_avg_pool_cuda, adaptive_max_pool_cuda})
    expect_equal(pooled(*op, x, shape, 1), {2, 2, 2, 2, 2, kNan, 2, 2});
}

INSTANTIATE_TEST_SUITE_P(Types, AdaptivePoolCudaTest, kElementTypes, type_name);

TEST(AdaptivePoolTest, CudaRefusesWhatDoesNotFit) {
  const auto refused = [](const std::string& what, Shape4 in, Shape4 out, ElementType type = ElementType::kF32) {
    expect_refused(what, [&] { adaptive_avg_pool_cuda(some_in(in), some_out(out, type), nullptr); });
  };
  refused("float32", {1, 2, 2, 8}, {1, 1, 1, 8}, ElementType::kF16);
  refused("out must be (n, 1, 1, c) or (n, 2, 2, c)", {1, 7, 7, 8}, {1, 3, 3, 8});
  refused("out must be (n, 1, 1, c) or (n, 2, 2, c)", {1, 7, 7, 8}, {1, 2, 1, 8});
  refused("fewer positions", {1, 0, 2, 8}, {1, 1, 1, 8});
  refused("fewer positions", {1, 7, 1, 8}, {1, 2, 2, 8});
}

TEST(AdaptivePoolTest, CudaIsNotAskedForAnEmptyBatch) {
  adaptive_avg_pool_cuda(some_in({0, 4, 4, 8}), some_out({0, 2, 2, 8}, ElementType::kF32), nullptr);
}
#endif

}  // namespace
}  // namespace vgg16
