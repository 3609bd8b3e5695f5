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
      // The first half of some rows has no zero at all.
      for (int64_t d = 0; d < width; ++d) {
        const bool zero = (width % 3 == 0 || d > width / 2) && next_uniform(random) < 0.6;
        row[d] = zero ? -0.0F : static_cast<float>(next_uniform(random) - 0.5);
      }
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

/// The non-zero numbers of rows of kBlockColumns numbers.
struct Compressed {
  std::vector<float> value;
  std::vector<uint8_t> column;
  std::vector<uint32_t> start = {0};

  explicit Compressed(const std::vector<std::vector<float>>& rows) {
    for (const std::vector<float>& row : rows) {
      for (size_t d = 0; d < row.size(); ++d) {
        if (row[d] == 0) continue;
        value.push_back(row[d]);
        column.push_back(static_cast<uint8_t>(d));
      }
      start.push_back(static_cast<uint32_t>(value.size()));
    }
  }
  [[nodiscard]] SparseBlock rows(int64_t first, int64_t count) const {
    return {value.data(), column.data(), start.data() + first, count};
  }
};

// Rows without zeros are multiplied four at a time.
TEST(SparseProducts, RowsTogetherHaveTheBitsOfRowsOneByOneWhateverTheirZeros) {
  std::mt19937_64 random(7);
  const auto number = [&] { return static_cast<float>(next_uniform(random) - 0.5); };
  std::vector<std::vector<float>> dense;
  // Columns with numbers in each of the rows: full, shorter, all zeros, of different lengths, with a hole (negative).
  for (const int width :
       {64, 64, 64, 64, 0, 0, 0, 0, 40, 40, 40, 40, 64, 64, 64, 63, 64, 64, -64, 64, 1, 1, 1, 1, 1, 64}) {
    std::vector<float> row(static_cast<size_t>(kBlockColumns));
    std::generate(row.begin(), row.begin() + std::abs(width), number);
    if (width < 0) row[20] = 0;
    dense.push_back(row);
  }
  const Compressed block(dense);
  const auto rows = static_cast<int64_t>(dense.size());
  std::vector<Lanes<double>> panel(kBlockColumns);
  std::vector<Lanes<float>> factors(dense.size());
  for (auto& lanes : panel) std::generate(std::begin(lanes.at), std::end(lanes.at), number);
  for (auto& lanes : factors) std::generate(std::begin(lanes.at), std::end(lanes.at), number);
  for (const SparseProducts* products : runnable_sparse_products()) {
    SCOPED_TRACE(products->name);
    std::vector<Lanes<double>> together(dense.size(), panel[3]);
    std::vector<Lanes<double>> one_by_one = together;
    std::vector<Lanes<float>> sum(kBlockColumns, factors[2]);
    std::vector<Lanes<float>> sum_one_by_one = sum;
    products->sparse_times_panel(block.rows(0, rows), panel.data(), together.data());
    products->sparse_transposed_times_rows(block.rows(0, rows), factors.data(), sum.data());
    for (int64_t r = 0; r < rows; ++r) {
      products->sparse_times_panel(block.rows(r, 1), panel.data(), one_by_one.data() + r);
      products->sparse_transposed_times_rows(block.rows(r, 1), factors.data() + r, sum_one_by_one.data());
    }
    for (int64_t l = 0; l < kPanelRows; ++l) {
      for (size_t r = 0; r < dense.size(); ++r) {
        ASSERT_EQ(together[r].at[l], one_by_one[r].at[l]) << r << ' ' << l;
        double expected = panel[3].at[l];
        for (size_t d = 0; d < dense[r].size(); ++d) expected += dense[r][d] * panel[d].at[l];
        ASSERT_NEAR(together[r].at[l], expected, 1e-13) << r << ' ' << l;
      }
      for (size_t d = 0; d < sum.size(); ++d) {
        ASSERT_EQ(sum[d].at[l], sum_one_by_one[d].at[l]) << d << ' ' << l;
        double expected = factors[2].at[l];
        for (size_t r = 0; r < dense.size(); ++r) expected += double{dense[r][d]} * factors[r].at[l];
        ASSERT_NEAR(sum[d].at[l], expected, 1e-5) << d << ' ' << l;
      }
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
