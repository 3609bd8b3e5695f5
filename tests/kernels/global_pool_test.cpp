#include "kernels/global_pool.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
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

  template <class Op>
  [[nodiscard]] std::vector<float> pooled(Op op) const {
    std::vector<float> y(static_cast<size_t>(plane.channels));
    for (int block = 0; block < plane.channels / kBlock; ++block) op(plane, block, y.data() + block * kBlock);
    return y;
  }
};

TEST(GlobalPoolTest, MatchesTheReference) {
  for (const Shape4 shape : {Shape4{1, 1, 1, 16}, {1, 1, 5, 32}, {1, 7, 7, 512}, {1, 9, 4, 48}, {1, 112, 112, 64}}) {
    SCOPED_TRACE(testing::Message() << shape.h << " x " << shape.w << " x " << shape.c);
    const auto x = random_floats(shape.count(), 11, -1, 3);
    const std::vector<double> exact(x.begin(), x.end());
    const BorderedPlane picture(x, shape.h, shape.w, shape.c);
    const auto mean = picture.pooled(global_avg_pool_cpu);
    const auto maximum = picture.pooled(global_max_pool_cpu);
    const Reference expected = global_avg_pool_reference(exact.data(), shape);
    const auto largest = global_max_pool_reference(exact.data(), shape);
    for (size_t c = 0; c < mean.size(); ++c) {
      // Sums in double leave one rounding to float32.
      ASSERT_NEAR(static_cast<double>(mean[c]), expected.values[c], 0x1.001p-24 * std::fabs(expected.values[c])) << c;
      ASSERT_EQ(static_cast<double>(maximum[c]), largest[c]) << c;
    }
  }
}

TEST(GlobalPoolTest, RoundsTheMeanOnce) {
  // Added to 2^24 one at a time in float32, the ones would all be rounded away.
  std::vector<float> x(size_t{4} * kBlock, 1.0F);
  std::fill_n(x.begin(), kBlock, 16'777'216.0F);
  for (const float value : BorderedPlane(x, 2, 2, kBlock).pooled(global_avg_pool_cpu)) {
    EXPECT_EQ(value, static_cast<float>(16'777'219.0 / 4));
  }
}

TEST(GlobalPoolTest, KeepsNanWhereverItStands) {
  for (size_t position = 0; position < 4; ++position) {
    std::vector<float> x(size_t{4} * kBlock, 1.0F);
    x[position * kBlock + 3] = std::numeric_limits<float>::quiet_NaN();
    const BorderedPlane picture(x, 2, 2, kBlock);
    for (const auto& y : {picture.pooled(global_avg_pool_cpu), picture.pooled(global_max_pool_cpu)}) {
      for (size_t c = 0; c < y.size(); ++c) EXPECT_EQ(std::isnan(y[c]), c == 3) << position << " " << c;
    }
    const std::vector<double> exact(x.begin(), x.end());
    EXPECT_TRUE(std::isnan(global_max_pool_reference(exact.data(), {1, 2, 2, kBlock})[3])) << position;
  }
}

#ifdef VGG16_WITH_CUDA
class GlobalPoolCudaTest : public CudaOpTest {
 protected:
  using Op = void(DeviceIn, DeviceOut, CudaStream);
  [[nodiscard]] std::vector<float> pooled(Op op, const std::vector<float>& x, Shape4 shape) const {
    const DeviceInput in(x, shape, type());
    DeviceOutput out({shape.n, 1, 1, shape.c}, ElementType::kF32);
    op(in.view(), out.view(), stream());
    return values(out);
  }
};

TEST_P(GlobalPoolCudaTest, MatchesTheReferenceAndDoesNotDependOnTheBatch) {
  for (const Shape4 shape :
       {Shape4{1, 1, 1, 8}, {3, 7, 7, 512}, {2, 5, 9, 72}, {1, 3, 11, 24}, {2, 28, 28, 64}, {0, 7, 7, 8}}) {
    SCOPED_TRACE(text(shape));
    const auto x = random_of(type(), shape.count(), 7, -1, 3);
    const auto mean = pooled(global_avg_pool_cuda, x, shape);
    const auto maximum = pooled(global_max_pool_cuda, x, shape);
    const Reference expected = global_avg_pool_reference(as_double(x).data(), shape);
    const auto largest = global_max_pool_reference(as_double(x).data(), shape);
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
    const auto alone = pooled(global_avg_pool_cuda, {x.end() - one.count(), x.end()}, one);
    EXPECT_EQ(alone, std::vector<float>(mean.end() - shape.c, mean.end()));
  }
}

TEST_P(GlobalPoolCudaTest, KeepsNan) {
  const Shape4 shape = {1, 9, 9, 8};
  std::vector<float> x(static_cast<size_t>(shape.count()), 2.0F);
  x[50 * 8 + 5] = kNan;
  for (Op* op : {global_avg_pool_cuda, global_max_pool_cuda})
    expect_equal(pooled(*op, x, shape), {2, 2, 2, 2, 2, kNan, 2, 2});
}

INSTANTIATE_TEST_SUITE_P(Types, GlobalPoolCudaTest, kElementTypes, type_name);

TEST(GlobalPoolTest, CudaRefusesWhatDoesNotFit) {
  expect_refused("float32", [] { global_avg_pool_cuda(some_in({1, 2, 2, 8}), some_out({1, 1, 1, 8}), nullptr); });
  expect_refused("no positions", [] {
    global_max_pool_cuda(some_in({1, 0, 2, 8}), some_out({1, 1, 1, 8}, ElementType::kF32), nullptr);
  });
}

TEST(GlobalPoolTest, CudaIsNotAskedForAnEmptyBatch) {
  global_avg_pool_cuda(some_in({0, 4, 4, 8}), some_out({0, 1, 1, 8}, ElementType::kF32), nullptr);
}
#endif

}  // namespace
}  // namespace vgg16
