#include "learn/forest/forest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "learn/matrix/columns.h"
#include "support/feature_data.h"

namespace vgg16 {
namespace {

/// Rows in both forms, with their labels.
struct Data {
  FeatureTable table;
  std::vector<float> dense;
  std::vector<int> labels;
  std::vector<uint32_t> rows;  ///< all

  explicit Data(const SparseClasses& s, double negative = 0) : table(sparse_classes(s)) {
    dense.resize(static_cast<size_t>(table.rows * table.columns));
    table.read_rows(0, table.rows, dense.data());
    std::mt19937_64 random(s.seed + 1);
    // Few distinct numbers, so that many are equal.
    for (float& x : dense) x = (next_uniform(random) < negative ? -1.0F : 1.0F) * std::ceil(x / 4);
    table = table_of(dense, table.columns, table.labels, table.label_names);
    labels.assign(table.labels.begin(), table.labels.end());
    rows.resize(labels.size());
    std::iota(rows.begin(), rows.end(), 0U);
  }
  [[nodiscard]] float at(size_t row, size_t column) const {
    return dense[row * static_cast<size_t>(table.columns) + column];
  }
  [[nodiscard]] SparseColumns columns(ThreadPool& pool) const {
    std::vector<int64_t> order(rows.begin(), rows.end());
    return {SparseRows::read(table, order, pool, {}), pool};
  }
};

TEST(SparseColumnsTest, HasTheNumbersOfTheRows) {
  for (const int64_t rows : {1, 63, 64, 130, 300}) {
    const Data data({.rows = rows, .columns = 130, .zeros = 0.7}, 0.3);
    ThreadPool pool(2);
    const SparseColumns x = data.columns(pool);
    ASSERT_EQ(x.rows(), rows);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < 130; ++c) {
        ASSERT_EQ(x.at(r, c), data.at(static_cast<size_t>(r), static_cast<size_t>(c))) << r << ", " << c;
      }
    }
  }
}

/// A tree, checked node by node against plain loops over all rows.
class PlainTree {
 public:
  PlainTree(const Data& data, const GrowInput& input, uint64_t number, const Tree& tree)
      : data_(data), input_(input), forest_(tree.forest), times_(data.labels.size()) {
    Draws draws(input.seed, number);
    double weight = 0;
    for (const uint32_t row : input.rows) weight += input.weights.empty() ? 0 : input.weights[data.labels[row]];
    for (size_t i = 0; i < input.rows.size(); ++i) {
      size_t drawn = 0;
      if (input.weights.empty()) {
        drawn = draws.below(static_cast<uint32_t>(input.rows.size()));
      } else {
        double left = draws.share() * weight;
        while ((left -= input.weights[data.labels[input.rows[drawn]]]) >= 0) ++drawn;
      }
      ++times_[input.rows[drawn]];
    }
    std::vector<size_t> rows;
    for (size_t r = 0; r < times_.size(); ++r) {
      if (times_[r] > 0) rows.push_back(r);
      EXPECT_EQ(tree.drawn[r / 64] >> (r % 64) & 1U, times_[r] > 0 ? 1U : 0U);
    }
    check(0, rows);
  }
  int splits = 0;

 private:
  [[nodiscard]] std::vector<double> weights_of(const std::vector<size_t>& rows) const {
    std::vector<double> of_class(static_cast<size_t>(input_.classes));
    for (const size_t r : rows) {
      const auto c = static_cast<size_t>(data_.labels[r]);
      of_class[c] += times_[r];
    }
    return of_class;
  }
  /// Weight times Gini impurity.
  [[nodiscard]] double impurity(const std::vector<size_t>& rows) const {
    const std::vector<double> w = weights_of(rows);
    const double total = std::accumulate(w.begin(), w.end(), 0.0);
    return total - std::inner_product(w.begin(), w.end(), w.begin(), 0.0) / total;
  }
  [[nodiscard]] std::pair<std::vector<size_t>, std::vector<size_t>> sides(const std::vector<size_t>& rows,
                                                                          size_t column, float threshold) const {
    std::pair<std::vector<size_t>, std::vector<size_t>> sides;
    for (const size_t r : rows) (data_.at(r, column) <= threshold ? sides.first : sides.second).push_back(r);
    return sides;
  }

  void check(uint32_t number, const std::vector<size_t>& rows) {
    const Forest::Node& node = forest_.nodes[number];
    const auto least = static_cast<size_t>(input_.min_leaf);
    ASSERT_GE(rows.size(), least);
    if (node.child == 0) {
      const std::vector<double> w = weights_of(rows);
      std::vector<float> shares(w.size());
      for (const Forest::Vote& vote : forest_.leaf(node.column)) shares[vote.label] = vote.share;
      const double total = std::accumulate(w.begin(), w.end(), 0.0);
      for (size_t c = 0; c < w.size(); ++c) EXPECT_FLOAT_EQ(shares[c], static_cast<float>(w[c] / total));
      const bool pure = std::count_if(w.begin(), w.end(), [](double x) { return x > 0; }) == 1;
      EXPECT_TRUE(pure || rows.size() < 2 * least || no_split(rows)) << rows.size() << " rows";
      return;
    }
    ++splits;
    const auto [left, right] = sides(rows, node.column, node.threshold);
    float low = -std::numeric_limits<float>::infinity();
    float high = std::numeric_limits<float>::infinity();
    for (const size_t r : left) low = std::max(low, data_.at(r, node.column));
    for (const size_t r : right) high = std::min(high, data_.at(r, node.column));
    EXPECT_EQ(node.threshold, (low + high) / 2) << "halves of small whole numbers are exact";
    // No other threshold of the column is better.
    const double own = impurity(left) + impurity(right);
    for (const size_t r : rows) {
      const auto [a, b] = sides(rows, node.column, data_.at(r, node.column));
      if (a.size() < least || b.size() < least) continue;
      EXPECT_GE(impurity(a) + impurity(b), own - 1e-9);
    }
    check(node.child, left);
    check(node.child + 1, right);
  }

  // As if all columns were looked at; so a leaf that is neither pure nor small is one where most are constant.
  [[nodiscard]] bool no_split(const std::vector<size_t>& rows) const {
    for (int64_t c = 0; c < input_.x.columns(); ++c) {
      for (const size_t r : rows) {
        const auto [a, b] = sides(rows, static_cast<size_t>(c), data_.at(r, static_cast<size_t>(c)));
        if (std::ssize(a) >= input_.min_leaf && std::ssize(b) >= input_.min_leaf) return input_.min_leaf > 1;
      }
    }
    return true;
  }

  const Data& data_;
  const GrowInput& input_;
  const Forest& forest_;
  std::vector<int> times_;
};

struct TreeCase {
  int64_t rows;
  int64_t columns;
  double zeros;
  double negative;
  int min_leaf;
  std::vector<double> weights;
};

TEST(TreeTest, EverySplitIsTheBestOfItsColumnAndEveryLeafCountsItsRows) {
  const std::vector<TreeCase> cases = {{150, 40, 0.9, 0, 1, {}},           {150, 40, 0.9, 0.5, 1, {}},
                                       {90, 9, 0.1, 0.5, 1, {}},           {90, 30, 0.1, 1, 3, {}},
                                       {200, 60, 0.8, 0, 5, {1, 5, 0.25}}, {40, 1, 0.5, 0.5, 1, {}},
                                       {70, 25, 0.5, 0.3, 2, {3, 1, 1}}};
  for (const TreeCase& c : cases) {
    SCOPED_TRACE(std::to_string(c.rows) + " rows, " + std::to_string(c.columns) + " columns");
    const Data data({.rows = c.rows, .columns = c.columns, .zeros = c.zeros, .separation = 0.4}, c.negative);
    ThreadPool pool(1);
    const SparseColumns x = data.columns(pool);
    std::vector<uint32_t> rows = data.rows;
    rows.erase(rows.begin() + 5, rows.begin() + 15);  // as a fold leaves some out
    const GrowInput input = {x, data.labels, rows, c.weights, 3, c.min_leaf, 7};
    TreeGrower grower(input);
    int splits = 0;
    for (uint64_t number = 0; number < 6; ++number) {
      splits += PlainTree(data, input, number, grower.grow(number)).splits;
    }
    EXPECT_GT(splits, c.columns == 1 ? 6 : 30);
  }
}

// The middle of two neighbouring floats is not a float: then the lower one separates them.
TEST(TreeTest, NeighbouringFloatsAreSeparated) {
  const float low = 1.0F;
  const float high = std::nextafter(low, 2.0F);
  std::vector<float> values;
  std::vector<int64_t> labels;
  for (int i = 0; i < 40; ++i) {
    labels.push_back(i % 2);
    values.push_back(i % 2 == 0 ? low : high);
  }
  const FeatureTable table = table_of(values, 1, labels, {"a", "b"});
  std::vector<int64_t> order(40);
  std::iota(order.begin(), order.end(), 0);
  ThreadPool pool(1);
  const SparseColumns x(SparseRows::read(table, order, pool, {}), pool);
  const std::vector<int> classes(labels.begin(), labels.end());
  const std::vector<uint32_t> rows(order.begin(), order.end());
  const Forest tree = TreeGrower({x, classes, rows, {}, 2, 1, 1}).grow(0).forest;
  ASSERT_EQ(tree.nodes.size(), 3U);
  EXPECT_EQ(tree.nodes[0].threshold, low);
}

TEST(ForestTest, IsTheSameForAnyNumberOfThreadsAndBeginsWithTheSmallerOnes) {
  const Data data({.rows = 120, .columns = 300, .classes = 4});
  ThreadPool one(1);
  const SparseColumns x = data.columns(one);
  const GrowInput input = {x, data.labels, data.rows, {}, 4, 1, 3};
  const auto nodes_of = [](const Forest& forest) {
    std::vector<std::tuple<uint32_t, float, uint32_t>> nodes;
    for (const Forest::Node& node : forest.nodes) nodes.emplace_back(node.column, node.threshold, node.child);
    return nodes;
  };
  const Grown first = grow_forest(input, 20, one, [] {});
  ASSERT_EQ(first.forest.roots.size(), 20U);
  ThreadPool three(3);
  int grown = 0;
  const Grown again = grow_forest(input, 20, three, [&] { ++grown; });
  EXPECT_EQ(grown, 20);
  EXPECT_EQ(nodes_of(again.forest), nodes_of(first.forest));
  EXPECT_EQ(again.forest.importance, first.forest.importance);
  EXPECT_EQ(again.drawn, first.drawn);
  const Grown fewer = grow_forest(input, 7, three, [] {});
  auto start = nodes_of(first.forest);
  start.resize(fewer.forest.nodes.size());
  EXPECT_EQ(nodes_of(fewer.forest), start);
  EXPECT_NEAR(std::accumulate(first.forest.importance.begin(), first.forest.importance.end(), 0.0), 1, 1e-5);
  GrowInput other = {x, data.labels, data.rows, {}, 4, 1, 4};
  EXPECT_NE(nodes_of(grow_forest(other, 20, three, [] {}).forest), nodes_of(first.forest));
}

TEST(ForestTest, TreesVoteOnRowsThatTheyWereNotGrownFrom) {
  const Data data({.rows = 100, .columns = 60, .classes = 3});
  ThreadPool pool(2);
  const SparseColumns x = data.columns(pool);
  const Grown grown = grow_forest({x, data.labels, data.rows, {}, 3, 1, 5}, 30, pool, [] {});
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(100, 3);
  add_votes(grown.forest, {0, 12}, x, 0, pool, all);
  add_votes(grown.forest, {12, 30}, x, 0, pool, all);
  EXPECT_NEAR(all.sum(), 100 * 30, 1e-3);
  Eigen::MatrixXd out_of_bag = Eigen::MatrixXd::Zero(100, 3);
  add_votes(grown.forest, {0, 30}, x, 0, pool, out_of_bag, &grown.drawn);
  for (size_t r = 0; r < 100; ++r) {
    int trees = 0;
    for (const auto& drawn : grown.drawn) trees += (drawn[r / 64] >> (r % 64) & 1U) == 0 ? 1 : 0;
    EXPECT_NEAR(out_of_bag.row(static_cast<Eigen::Index>(r)).sum(), trees, 1e-4);
    EXPECT_GT(trees, 2) << "about 37 % of 30";
  }
  Eigen::MatrixXd some = Eigen::MatrixXd::Zero(10, 3);
  add_votes(grown.forest, {0, 30}, x, 77, pool, some);
  EXPECT_LT((some - all.middleRows(77, 10)).cwiseAbs().maxCoeff(), 1e-9);
}

}  // namespace
}  // namespace vgg16
