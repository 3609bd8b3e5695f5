#include "learn/flow/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "support/feature_data.h"

namespace vgg16 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kTrain = 60;
constexpr int64_t kColumns = 400;

// Training rows 0 to 59 and held-out ones, of which tests change some. The rows of the table are as far apart as rows
// of different pictures: no two are nearer than 0.7.
class Audit : public testing::Test {
 protected:
  Audit() {
    const FeatureTable table = sparse_classes({.rows = kTrain + 3, .columns = kColumns, .separation = 0});
    values_.resize(static_cast<size_t>(table.rows * kColumns));
    table.read_rows(0, table.rows, values_.data());
    recipe_ = table.recipe;
  }

  float* row(int64_t r) { return values_.data() + r * kColumns; }

  // Makes `to` a copy of `from` that is changed by `change` of the way to the row `other`.
  void copy(int64_t from, int64_t to, float change, int64_t other) {
    for (int64_t d = 0; d < kColumns; ++d) row(to)[d] = row(from)[d] + change * (row(other)[d] - row(from)[d]);
  }

  Report audited() {
    const auto rows = static_cast<int64_t>(values_.size()) / kColumns;
    std::vector<int64_t> order(static_cast<size_t>(rows));
    std::iota(order.begin(), order.end(), 0);
    std::vector<int> labels(order.size(), 0);
    labels[7] = 1;
    const FeatureTable table = table_of(values_, kColumns, std::vector<int64_t>(order.size(), 0), {"one"});
    ThreadPool pool(2);
    GramMatrix k = gram_matrix(SparseRows::read(table, order, pool, {}), kTrain, best_sparse_products(), pool, {});
    centre(k, kTrain, pool);
    Report report;
    report.predictions.resize(static_cast<size_t>(rows - kTrain));
    for (size_t i = 0; i < report.predictions.size(); ++i) report.predictions[i].row = kTrain + static_cast<int64_t>(i);
    audit(k, {kTrain, order, labels}, likeness_limits(recipe_), pool, report);
    return report;
  }

  std::vector<float> values_;
  Recipe recipe_;
};

auto pair_of(int64_t held_out, int64_t training) {
  return testing::AllOf(testing::Field(&DuplicatePair::held_out_row, held_out),
                        testing::Field(&DuplicatePair::training_row, training));
}

TEST_F(Audit, SaysOfCopiesHowSureItIs) {
  EXPECT_THAT(audited().duplicates, IsEmpty());
  EXPECT_THAT(audited().look_alikes, IsEmpty());
  copy(7, 60, 0, 0);
  copy(20, 61, 0.3F, 21);
  copy(30, 62, 0.38F, 31);
  const Report report = audited();
  ASSERT_THAT(report.duplicates, ElementsAre(pair_of(60, 7), pair_of(61, 20)));
  EXPECT_NEAR(report.duplicates[0].similarity, 1, 1e-9);
  EXPECT_FALSE(report.duplicates[0].same_label);
  EXPECT_TRUE(report.duplicates[1].same_label);
  EXPECT_LT(report.duplicates[1].similarity, 1);
  EXPECT_THAT(report.look_alikes, ElementsAre(pair_of(62, 30)));
  // Rows that are pooled are nearer to one another, of copies and of other pictures alike.
  recipe_.pool = "avg";
  EXPECT_THAT(audited().duplicates, ElementsAre(pair_of(60, 7)));
  EXPECT_THAT(audited().look_alikes, ElementsAre(pair_of(61, 20), pair_of(62, 30)));
}

TEST_F(Audit, FindsEachOfSeveralCopies) {
  for (const int64_t to : {3, 17, 29, 44}) copy(60, to, 0.1F + 0.01F * static_cast<float>(to % 10), 61);
  EXPECT_THAT(audited().duplicates, ElementsAre(pair_of(60, 3), pair_of(60, 44), pair_of(60, 17), pair_of(60, 29)));
}

TEST_F(Audit, SaysNothingOfARowThatHasMoreRowsNearThanThereAreCopies) {
  for (int64_t to = 0; to < kMostCopies; ++to) copy(60, to, 0.2F, 20 + to);
  EXPECT_EQ(std::ssize(audited().duplicates), kMostCopies);
  copy(60, kMostCopies, 0.2F, 20 + kMostCopies);
  EXPECT_THAT(audited().duplicates, IsEmpty());
  EXPECT_THAT(audited().look_alikes, IsEmpty());
  // Equal rows are of the same picture all the same.
  copy(60, 5, 0, 0);
  EXPECT_THAT(audited().duplicates, ElementsAre(pair_of(60, 5)));
}

TEST_F(Audit, SaysNothingOfRowsOfZeros) {
  std::fill(values_.begin(), values_.begin() + 20 * kColumns, 0.0F);
  std::fill_n(row(60), kColumns, 0.0F);
  EXPECT_THAT(audited().duplicates, IsEmpty());
}

TEST_F(Audit, KnowsFeaturesOfThisProgramOnly) {
  for (const char* pool : {"none", "avg", "max", "2x2"}) {
    recipe_.pool = pool;
    const auto limits = likeness_limits(recipe_);
    ASSERT_TRUE(limits) << pool;
    EXPECT_LT(limits->same, limits->alike);
  }
  recipe_.preprocessing = "";
  EXPECT_FALSE(likeness_limits(recipe_));
  copy(7, 60, 0, 0);
  EXPECT_THAT(audited().duplicates, IsEmpty());
}

}  // namespace
}  // namespace vgg16
