#include "learn/matrix/gram.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "support/feature_data.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

std::vector<int64_t> file_order(int64_t rows) {
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<float> all_values(const FeatureTable& table) {
  std::vector<float> values(static_cast<size_t>(table.rows * table.columns));
  if (table.rows > 0) table.read_rows(0, table.rows, values.data());
  return values;
}

TEST(Gram, EverySetMatchesPlainLoopsOnShapesThatBreakBlocks) {
  for (const SparseProducts* products : runnable_sparse_products()) {
    SCOPED_TRACE(products->name);
    for (const auto& [rows, columns] :
         {std::pair<int64_t, int64_t>{1, 1}, {3, 127}, {33, 128}, {129, 129}, {530, 300}}) {
      for (const double zeros : {0.0, 0.9}) {
        const FeatureTable table = sparse_classes({.rows = rows, .columns = columns, .zeros = zeros});
        ThreadPool pool(2);
        const SparseRows x = SparseRows::read(table, file_order(rows), pool, {});
        const GramMatrix k = gram_matrix(x, rows, *products, pool, {});
        const std::vector<float> values = all_values(table);
        ASSERT_EQ(k.n, rows);
        for (int64_t i = 0; i<rows; i += rows> 200 ? 7 : 1) {
          for (int64_t j = 0; j < rows; ++j) {
            double expected = 0;
            for (int64_t d = 0; d < columns; ++d) {
              expected += static_cast<double>(values[i * columns + d]) * values[j * columns + d];
            }
            ASSERT_NEAR(k.at(i, j), expected, 1e-14 * static_cast<double>(columns) * 400) << i << ' ' << j;
            ASSERT_EQ(k.at(i, j), k.at(j, i));
          }
        }
      }
    }
  }
}

TEST(Gram, IsTheSameBitsForAnyNumberOfThreadsAndFollowsTheOrderAskedFor) {
  const FeatureTable table = sparse_classes({.rows = 300, .columns = 900});
  std::vector<int64_t> order = file_order(300);
  std::reverse(order.begin(), order.end());
  ThreadPool one(1);
  ThreadPool three(3);
  const GramMatrix forward =
      gram_matrix(SparseRows::read(table, file_order(300), one, {}), 300, best_sparse_products(), one, {});
  const GramMatrix a = gram_matrix(SparseRows::read(table, order, one, {}), 300, best_sparse_products(), one, {});
  const GramMatrix b = gram_matrix(SparseRows::read(table, order, three, {}), 300, best_sparse_products(), three, {});
  EXPECT_EQ(a.value, b.value);
  EXPECT_NEAR(a.at(0, 1), forward.at(299, 298), 1e-9);
}

TEST(Gram, HoldsWhatIsAskedOfHeldOutRows) {
  const FeatureTable table = sparse_classes({.rows = 1200, .columns = 100});
  ThreadPool pool(2);
  const SparseRows x = SparseRows::read(table, file_order(1200), pool, {});
  const GramMatrix all = gram_matrix(x, 1200, best_sparse_products(), pool, {});
  const GramMatrix asked = gram_matrix(x, 700, best_sparse_products(), pool, {});
  for (int64_t i = 0; i < 1200; ++i) {
    for (int64_t j = 0; j < 1200; ++j) {
      if (i != j && i >= 700 && j >= 700) continue;
      ASSERT_EQ(asked.at(i, j), all.at(i, j)) << i << ' ' << j;
    }
  }
}

TEST(Gram, CentreMovesTheOriginToTheMeanOfTheFirstRows) {
  const FeatureTable table = sparse_classes({.rows = 50, .columns = 80});
  const std::vector<float> values = all_values(table);
  ThreadPool pool(2);
  GramMatrix k = gram_matrix(SparseRows::read(table, file_order(50), pool, {}), 50, best_sparse_products(), pool, {});
  centre(k, 30, pool);
  std::vector<double> mean(80, 0.0);
  for (int64_t i = 0; i < 30; ++i) {
    for (int64_t d = 0; d < 80; ++d) mean[d] += values[i * 80 + d] / 30.0;
  }
  for (int64_t i = 0; i < 50; ++i) {
    for (int64_t j = 0; j < 50; ++j) {
      double expected = 0;
      for (int64_t d = 0; d < 80; ++d) expected += (values[i * 80 + d] - mean[d]) * (values[j * 80 + d] - mean[d]);
      ASSERT_NEAR(k.at(i, j), expected, 1e-9);
      ASSERT_EQ(k.at(i, j), k.at(j, i));
    }
  }
}

TEST(SparseRowsTest, NamesTheRowThatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    std::vector<float> values(300 * 10, 1.0F);
    values[217 * 10 + 4] = bad;
    values[290 * 10] = bad;
    const FeatureTable table = table_of(values, 10, std::vector<int64_t>(300, 0), {"a"});
    ThreadPool pool(2);
    try {
      static_cast<void>(SparseRows::read(table, file_order(300), pool, {}));
      FAIL() << "not refused";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kRefused);
      EXPECT_TRUE(std::string(e.what()).starts_with("test.h5: row 217 (class/217.jpg): column 4 is ")) << e.what();
    }
  }
}

TEST(SparseRowsTest, PassesOnWhatTheReaderThrows) {
  FeatureTable table = sparse_classes({.rows = 300, .columns = 10});
  table.read_rows = [](int64_t first, int64_t, float*) {
    if (first >= 128) throw Error(ErrorCode::kIo, "row " + std::to_string(first) + " cannot be read");
  };
  ThreadPool pool(2);
  try {
    static_cast<void>(SparseRows::read(table, file_order(300), pool, {}));
    FAIL() << "not passed on";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "row 128 cannot be read");
  }
}

TEST(SparseRowsTest, WeightedSumsMatchPlainLoops) {
  const FeatureTable table = sparse_classes({.rows = 200, .columns = 333});
  const std::vector<float> values = all_values(table);
  ThreadPool pool(2);
  const SparseRows x = SparseRows::read(table, file_order(200), pool, {});
  std::mt19937_64 random(3);
  for (const SparseProducts* products : runnable_sparse_products()) {
    for (const int64_t vectors : {1, 8, 11}) {
      const Eigen::MatrixXd weight = Eigen::MatrixXd::NullaryExpr(
          150, vectors, [&](Eigen::Index, Eigen::Index) { return next_uniform(random) - 0.5; });
      std::vector<double> out(static_cast<size_t>(vectors * 333));
      weighted_row_sums(x, weight, *products, pool, out.data());
      for (int64_t v = 0; v < vectors; ++v) {
        for (int64_t d = 0; d < 333; ++d) {
          double expected = 0;
          for (int64_t r = 0; r < 150; ++r) expected += weight(r, v) * values[r * 333 + d];
          ASSERT_NEAR(out[v * 333 + d], expected, 1e-11) << products->name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace vgg16
