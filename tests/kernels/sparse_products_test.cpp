#include "kernels/sparse_products.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/feature_data.h"

namespace vgg16 {
namespace {

TEST(SparseProducts, DenseTimesVectorsIsThePlainLoopsOnEverySet) {
  std::mt19937_64 random(5);
  const auto number = [&] { return next_uniform(random) - 0.5; };
  for (const SparseProducts* products : runnable_sparse_products()) {
    SCOPED_TRACE(products->name);
    for (const int64_t rows : {1, 4, 7, 64}) {
      for (const int64_t columns : {0, 1, 7, 8, 33, 200}) {
        for (const int64_t vectors : {1, 2, 3, 5, 6, 7, 17}) {
          const int64_t stride = columns + 3;
          std::vector<double> m(static_cast<size_t>(rows * stride));
          std::vector<double> x(static_cast<size_t>(vectors * stride));
          std::vector<double> y(static_cast<size_t>(vectors * (rows + 1)));
          for (auto* v : {&m, &x, &y}) std::generate(v->begin(), v->end(), number);
          const std::vector<double> before = y;
          const std::vector<float> m32(m.begin(), m.end());
          const std::vector<float> x32(x.begin(), x.end());
          std::vector<float> y32(y.begin(), y.end());
          products->matrix_times_vectors_f32(m32.data(), stride, rows, columns, x32.data(), stride, vectors, y32.data(),
                                             rows + 1);
          products->matrix_times_vectors(m.data(), stride, rows, columns, x.data(), stride, vectors, y.data(),
                                         rows + 1);
          for (int64_t v = 0; v < vectors; ++v) {
            for (int64_t r = 0; r <= rows; ++r) {
              double expected = before[v * (rows + 1) + r];
              for (int64_t j = 0; r < rows && j < columns; ++j) expected += m[r * stride + j] * x[v * stride + j];
              EXPECT_NEAR(y[v * (rows + 1) + r], expected, 1e-13) << rows << ' ' << columns << ' ' << vectors;
              EXPECT_NEAR(y32[v * (rows + 1) + r], expected, 1e-5) << rows << ' ' << columns << ' ' << vectors;
            }
          }
        }
      }
    }
  }
}

TEST(SparseProducts, EverySetKeepsTheNumbersThatAreNotZero) {
  constexpr float kUntouched = 77;
  std::mt19937_64 random(6);
  for (const SparseProducts* products : runnable_sparse_products()) {
    SCOPED_TRACE(products->name);
    for (int64_t width = 0; width <= kBlockColumns; ++width) {
      std::vector<float> row(static_cast<size_t>(width));
      for (float& x : row) x = next_uniform(random) < 0.6 ? -0.0F : static_cast<float>(next_uniform(random) - 0.5);
      std::vector<float> value(static_cast<size_t>(width + kSpareNumbers + 1), kUntouched);
      std::vector<uint8_t> column(value.size(), 0xEE);
      const int64_t kept = products->keep_nonzeros(row.data(), width, value.data(), column.data());
      int64_t expected = 0;
      for (int64_t d = 0; d < width; ++d) {
        if (row[d] == 0) continue;
        ASSERT_EQ(value[expected], row[d]);
        ASSERT_EQ(column[expected], d);
        ++expected;
      }
      ASSERT_EQ(kept, expected);
      ASSERT_EQ(value[kept + kSpareNumbers], kUntouched);
      ASSERT_EQ(column[kept + kSpareNumbers], 0xEE);
    }
  }
}

TEST(SparseProducts, ExponentialsAreThoseOfTheLibrary) {
  constexpr int kNumbers = 1003;
  std::vector<double> x;
  std::vector<double> highest;
  for (int i = 0; i < kNumbers; ++i) {
    highest.push_back(3.0 + i);
    x.push_back(2.0 + i - 700.0 * std::pow(i / 1000.0, 3));
  }
  for (const SparseProducts* products : runnable_sparse_products()) {
    SCOPED_TRACE(products->name);
    std::vector<double> out(x.size());
    std::vector<double> sum(x.size(), 0.5);
    products->add_exponentials(x.data(), highest.data(), 1, kNumbers, out.data(), sum.data());
    EXPECT_EQ(out[0], 1);
    for (size_t i = 0; i < out.size(); ++i) {
      const double expected = std::exp(x[i] + 1 - highest[i]);
      ASSERT_NEAR(out[i], expected, 5e-16 * expected) << i;
      ASSERT_EQ(sum[i], 0.5 + out[i]);
    }
    const double far[] = {-1e300, std::nan(""), -std::numeric_limits<double>::infinity()};
    const double zero[] = {0, 0, 0};
    products->add_exponentials(far, zero, 0, 3, out.data(), sum.data());
    EXPECT_LT(out[0], 1e-300);
    EXPECT_TRUE(std::isnan(out[1]));
    EXPECT_LT(out[2], 1e-300);
  }
}

}  // namespace
}  // namespace vgg16
