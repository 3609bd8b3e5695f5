#include "learn/flow/suspects.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "support/feature_data.h"
#include "vgg16/classifier.h"

namespace vgg16 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Rows of probabilities, one line each.
Eigen::MatrixXd matrix(std::initializer_list<std::initializer_list<double>> rows) { return Eigen::MatrixXd(rows); }

TEST(SuspectRows, FollowTheDefinition) {
  // Both thresholds are 0.6: (0.9 + 0.8 + 0.1) / 3 and (0.9 + 0.6 + 0.3) / 3.
  const Eigen::MatrixXd p = matrix({{0.9, 0.1}, {0.8, 0.2}, {0.1, 0.9}, {0.1, 0.9}, {0.4, 0.6}, {0.7, 0.3}});
  EXPECT_THAT(suspect_rows(p, std::vector<int>{0, 0, 0, 1, 1, 1}), ElementsAre(2, 5));
  EXPECT_THAT(suspect_rows(p.topRows(2), std::vector<int>{0, 0}), IsEmpty()) << "class 1 has no rows, and no threshold";
}

TEST(SuspectRows, ThresholdsForgiveClassesThatAreHardToTellApart) {
  // Every row of class 0 has class 1 as its second, and one has it as its first, but below class 1's threshold of 0.9.
  const Eigen::MatrixXd p = matrix({{0.6, 0.4}, {0.55, 0.45}, {0.45, 0.55}, {0.1, 0.9}, {0.1, 0.9}});
  EXPECT_THAT(suspect_rows(p, std::vector<int>{0, 0, 0, 1, 1}), IsEmpty());
}

TEST(SuspectRows, TheCountIsSpentOnTheLeastProbableLabels) {
  // Row 2 reaches the threshold of class 1 (0.65); row 5 reaches none, but its own label is even less probable.
  const Eigen::MatrixXd p = matrix({{0.9, 0.05, 0.05},
                                    {0.9, 0.05, 0.05},
                                    {0.25, 0.7, 0.05},
                                    {0.1, 0.85, 0.05},
                                    {0.45, 0.45, 0.1},
                                    {0.2, 0.4, 0.4},
                                    {0.05, 0.05, 0.9}});
  EXPECT_THAT(suspect_rows(p, std::vector<int>{0, 0, 0, 1, 1, 0, 2}), ElementsAre(5));
}

class SuspectsTest : public testing::TestWithParam<Route> {};

TEST_P(SuspectsTest, MostChangedLabelsAreFoundAmongTrainingAndHeldOutRows) {
  FeatureTable table = sparse_classes({.rows = 400, .columns = 300, .classes = 3, .zeros = 0.6});
  std::set<int64_t> changed;
  for (int64_t row = 3; row < 400; row += 20) {
    changed.insert(row);
    int64_t& label = table.labels[static_cast<size_t>(row)];
    label = (label + 1 + row % 2) % 3;
  }
  TrainOptions options;
  options.route = GetParam();
  options.c = {1e-3};
  const Report report = train(table, options).report;
  std::set<int64_t> found;
  double previous = 0;
  for (const SuspectLabel& s : report.suspects) {
    found.insert(s.row);
    EXPECT_EQ(s.held_out, s.row >= 300);
    EXPECT_EQ(s.label, table.labels[static_cast<size_t>(s.row)]);
    EXPECT_NE(s.predicted, s.label);
    EXPECT_GT(s.predicted_probability, s.label_probability);
    EXPECT_GE(s.label_probability, previous);
    previous = s.label_probability;
  }
  EXPECT_TRUE(std::includes(changed.begin(), changed.end(), found.begin(), found.end()));
  EXPECT_GE(found.size(), 15U) << "of 20";

  // A held-out row's numbers are the report's prediction of it.
  for (const SuspectLabel& s : report.suspects) {
    if (!s.held_out) continue;
    EXPECT_EQ(s.predicted_probability, report.predictions[static_cast<size_t>(s.row - 300)].probability);
  }
}

INSTANTIATE_TEST_SUITE_P(Routes, SuspectsTest, testing::Values(Route::kDual, Route::kPrimal));

}  // namespace
}  // namespace vgg16
