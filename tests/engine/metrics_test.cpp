#include "learn/metrics.h"

#include <gmock/gmock.h>

#include <cmath>

namespace vgg16 {
namespace {

TEST(ScorePredictions, MatchesACountByHand) {
  Report report;
  report.classes = {"a", "b", "c"};
  score_predictions(std::vector<int>{0, 0, 1, 1, 2}, std::vector<int>{0, 1, 1, 1, 0}, report);
  EXPECT_DOUBLE_EQ(report.accuracy, 0.6);
  ASSERT_EQ(report.per_class.size(), 3U);
  EXPECT_DOUBLE_EQ(report.per_class[0].precision, 0.5);
  EXPECT_DOUBLE_EQ(report.per_class[0].recall, 0.5);
  EXPECT_DOUBLE_EQ(report.per_class[1].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.per_class[1].recall, 1);
  EXPECT_DOUBLE_EQ(report.per_class[1].f1, 0.8);
  EXPECT_EQ(report.per_class[2].support, 1);
  EXPECT_DOUBLE_EQ(report.per_class[2].f1, 0);
  EXPECT_NEAR(report.macro_average.f1, (0.5 + 0.8) / 3, 1e-15);
  EXPECT_NEAR(report.weighted_average.f1, (2 * 0.5 + 2 * 0.8) / 5, 1e-15);
  EXPECT_THAT(report.confusion, testing::ElementsAre(testing::ElementsAre(1, 1, 0), testing::ElementsAre(0, 2, 0),
                                                     testing::ElementsAre(1, 0, 0)));
  EXPECT_THAT(report.warnings, testing::ElementsAre("no held-out row was predicted as c; its precision is shown as 0"));
}

TEST(ScorePredictions, AClassThatNeitherOccursNorIsPredictedIsARowOfZeros) {
  Report report;
  report.classes = {"a", "b", "c"};
  score_predictions(std::vector<int>{0, 1}, std::vector<int>{0, 1}, report);
  EXPECT_EQ(report.per_class[2].support, 0);
  EXPECT_EQ(report.per_class[2].precision, 0);
  EXPECT_EQ(report.warnings.size(), 2U);
}

TEST(RankCandidates, TiesGoToTheFirstAndDeviationIsThePopulations) {
  std::vector<Candidate> candidates(3);
  candidates[0].fold_scores = {0.5, 0.7, 0.9};
  candidates[1].fold_scores = {0.8, 0.8, 0.8};
  candidates[2].fold_scores = {0.8, 0.8, 0.8};
  EXPECT_EQ(rank_candidates(candidates), 1U);
  EXPECT_NEAR(candidates[0].mean, 0.7, 1e-15);
  EXPECT_NEAR(candidates[0].deviation, std::sqrt(0.08 / 3), 1e-15);
  EXPECT_EQ(candidates[0].rank, 3);
  EXPECT_EQ(candidates[1].rank, 1);
  EXPECT_EQ(candidates[2].rank, 1);
}

TEST(PredictedClasses, TakesTheFirstOfEqualScores) {
  Eigen::MatrixXd scores(3, 3);
  scores << 1, 1, 0, 0, 2, 2, 0, 0, 0;
  EXPECT_THAT(predicted_classes(scores), testing::ElementsAre(0, 1, 0));
  Eigen::MatrixXd one(3, 1);
  one << -1, 0, 1e-300;
  EXPECT_THAT(predicted_classes(one), testing::ElementsAre(0, 0, 1));
}

TEST(MeanLogLoss, CountsProbabilitiesTooSmallForADouble) {
  Eigen::MatrixXd scores(2, 3);
  scores << 2000, 0, 0, 0, 0, 0;
  EXPECT_NEAR(mean_log_loss(scores, std::vector<int>{1, 2}), (2000 + std::log(3.0)) / 2, 1e-9);
  Eigen::MatrixXd one(2, 1);
  one << 1500, -1;
  EXPECT_NEAR(mean_log_loss(one, std::vector<int>{0, 1}), (1500 + 1 + std::log1p(std::exp(-1.0))) / 2, 1e-9);
  EXPECT_EQ(mean_log_loss(Eigen::MatrixXd(0, 3), {}), 0);
}

}  // namespace
}  // namespace vgg16
