#include "learn/matrix/passes.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "support/feature_data.h"

namespace vgg16 {
namespace {

constexpr int64_t kRows = 2300;  // more than one batch of tiles, the last one short
constexpr int64_t kColumns = 150;
constexpr int kVectors = 70;  // more than one panel

class PassesTest : public testing::Test {
 protected:
  PassesTest() : table_(sparse_classes({.rows = kRows, .columns = kColumns, .zeros = 0.8})), order_(kRows) {
    std::iota(order_.begin(), order_.end(), 0);
    std::reverse(order_.begin(), order_.begin() + 1000);
    std::mt19937_64 random(1);
    weights_.resize(kVectors * kColumns);
    for (double& w : weights_) w = static_cast<float>(next_uniform(random) - 0.5);
    residuals_.resize(kRows, kVectors);
    for (Eigen::Index i = 0; i < residuals_.size(); ++i) {
      residuals_.data()[i] = static_cast<float>(next_uniform(random) - 0.5);
    }
  }

  [[nodiscard]] OrderedRows source() const { return {&table_, order_}; }
  [[nodiscard]] Eigen::MatrixXd scores(RowPasses& x) const {
    std::vector<const double*> weights;
    for (int j = 0; j < kVectors; ++j) weights.push_back(weights_.data() + j * kColumns);
    Eigen::MatrixXd out;
    x.scores(weights, out);
    return out;
  }
  [[nodiscard]] std::vector<double> gradients(RowPasses& x) const {
    std::vector<double> out(kVectors * kColumns, 1.0);
    std::vector<double*> to;
    for (int j = 0; j < kVectors; ++j) to.push_back(out.data() + j * kColumns);
    x.add_gradients(residuals_, to);
    return out;
  }

  FeatureTable table_;
  std::vector<int64_t> order_;
  std::vector<double> weights_;
  Eigen::MatrixXf residuals_;
};

TEST_F(PassesTest, MatchPlainLoops) {
  ThreadPool pool(2);
  const SparseRows rows = SparseRows::read(table_, order_, pool, {});
  std::vector<float> row(kColumns);
  for (const SparseProducts* products : runnable_sparse_products()) {
    SCOPED_TRACE(products->name);
    RowPasses x(source(), &rows, *products, pool);
    const Eigen::MatrixXd z = scores(x);
    const std::vector<double> g = gradients(x);
    std::vector<double> expected_g(g.size(), 1.0);
    for (int64_t p = 0; p < kRows; ++p) {
      table_.read_rows(order_[p], 1, row.data());
      for (int j = 0; j < kVectors; ++j) {
        double expected = 0;
        for (int64_t d = 0; d < kColumns; ++d) {
          expected += weights_[j * kColumns + d] * row[d];
          expected_g[j * kColumns + d] += static_cast<double>(residuals_(p, j)) * row[d];
        }
        ASSERT_NEAR(z(p, j), expected, 1e-11);
      }
    }
    for (size_t i = 0; i < g.size(); ++i) ASSERT_NEAR(g[i], expected_g[i], 1e-2);
  }
}

TEST_F(PassesTest, GiveTheSameBitsWhereverTheRowsAreAndForAnyNumberOfThreads) {
  ThreadPool one(1);
  ThreadPool three(3);
  const SparseRows rows = SparseRows::read(table_, order_, one, {});
  RowPasses kept(source(), &rows, best_sparse_products(), one);
  RowPasses anew(source(), nullptr, best_sparse_products(), three);
  EXPECT_EQ(scores(kept), scores(anew));
  EXPECT_EQ(gradients(kept), gradients(anew));
}

}  // namespace
}  // namespace vgg16
