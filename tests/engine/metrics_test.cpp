#include "learn/flow/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "vgg16/error.h"

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

TEST(ScorePredictions, ManyClassesWithoutPredictionsAreOneWarning) {
  Report report;
  report.classes = {"a", "b\n", "c", "d", "e", "f", "g"};
  score_predictions(std::vector<int>{0, 1, 2, 3, 4, 5, 6}, std::vector<int>(7, 0), report);
  EXPECT_THAT(report.warnings,
              testing::ElementsAre("no held-out row was predicted as any of 6 classes (b\\x0a, c, d, e, f, ...); their "
                                   "precision is shown as 0"));
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
  EXPECT_EQ(rank_candidates(candidates, Score::kAccuracy), 1U);
  EXPECT_NEAR(candidates[0].mean, 0.7, 1e-15);
  EXPECT_NEAR(candidates[0].deviation, std::sqrt(0.08 / 3), 1e-15);
  EXPECT_EQ(candidates[0].rank, 3);
  EXPECT_EQ(candidates[1].rank, 1);
  EXPECT_EQ(candidates[2].rank, 1);
}

TEST(RankCandidates, ThoseThatFailedComeLast) {
  std::vector<Candidate> candidates(3);
  candidates[0].fold_scores = {1.0, 1.0};
  candidates[0].relative_gap = std::numeric_limits<double>::infinity();
  candidates[1].fold_scores = {0.5, 0.5};
  candidates[2].fold_scores = {0.6, 0.6};
  EXPECT_EQ(rank_candidates(candidates, Score::kAccuracy), 2U);
  EXPECT_EQ(candidates[0].rank, 3);
  EXPECT_EQ(rank_candidates(candidates, Score::kLogLoss), 1U) << "less is better";
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

TEST(WilsonInterval, MatchesPublishedValues) {
  // statsmodels.stats.proportion.proportion_confint(count, n, method="wilson")
  const auto [low, high] = wilson_interval(147, 150);
  EXPECT_NEAR(low, 0.9428533, 1e-6);
  EXPECT_NEAR(high, 0.9931752, 1e-6);
  EXPECT_NEAR(wilson_interval(0, 10).second, 0.2775328, 1e-6);
  EXPECT_EQ(wilson_interval(0, 10).first, 0);
  EXPECT_NEAR(wilson_interval(10, 10).second, 1, 1e-15);
  EXPECT_EQ(wilson_interval(0, 0), (std::pair<double, double>{0, 1}));
}

TEST(CalibrationError, WeighsBinsByTheirRows) {
  std::vector<HeldOutPrediction> predictions;
  for (int i = 0; i < 4; ++i) predictions.push_back({i, 0, i == 0 ? 1 : 0, 0.75, {}});  // 3 of 4 right at 0.75
  EXPECT_NEAR(calibration_error(calibration_bins(predictions)), 0, 1e-15);
  predictions.push_back({4, 0, 1, 1.0, {}});  // sure and wrong
  const std::vector<CalibrationBin> bins = calibration_bins(predictions);
  EXPECT_NEAR(calibration_error(bins), 0.2, 1e-15);
  ASSERT_EQ(bins.size(), 10U);
  EXPECT_EQ(bins[7].rows, 4);
  EXPECT_EQ(bins[7].mean_probability, 0.75);
  EXPECT_EQ(bins[7].accuracy, 0.75);
  EXPECT_EQ(std::pair(bins[7].accuracy_low, bins[7].accuracy_high), wilson_interval(3, 4));
  EXPECT_EQ(bins[9].rows, 1);
  EXPECT_EQ(bins[9].accuracy, 0);
  EXPECT_EQ(bins[0].rows + bins[8].rows, 0);
  EXPECT_EQ(calibration_error(calibration_bins({})), 0);
}

TEST(CountRefusals, AProbabilityOfExactlyTheLeastIsAnswered) {
  std::vector<HeldOutPrediction> predictions = {
      {0, 0, 0, 0.4, {}}, {1, 0, 1, 0.6, {}}, {2, 0, 0, 0.9, {}}, {3, 1, 0, 0.95, {}}};
  const std::vector<Refusals> counts = count_refusals(predictions);
  const std::vector<double> least = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};
  const std::vector<int64_t> refused = {1, 1, 2, 2, 2, 3, 4};
  const std::vector<double> accuracy = {1.0 / 3, 1.0 / 3, 0.5, 0.5, 0.5, 0, 0};
  ASSERT_EQ(counts.size(), least.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    EXPECT_EQ(counts[i].min_probability, least[i]);
    EXPECT_EQ(counts[i].refused, refused[i]) << least[i];
    EXPECT_EQ(counts[i].answered, 4 - refused[i]) << least[i];
    EXPECT_DOUBLE_EQ(counts[i].accuracy, accuracy[i]) << least[i];
  }
}

TEST(SearchNotes, SpeakOfTiesAndEnds) {
  std::vector<Candidate> candidates(3);
  for (size_t i = 0; i < 3; ++i) {
    candidates[i].c = std::pow(10.0, static_cast<double>(i));
    candidates[i].fold_scores = {0.9, 0.9};
    candidates[i].log_loss = 0.3 - 0.1 * static_cast<double>(i);
  }
  EXPECT_THAT(
      search_notes(candidates, rank_candidates(candidates, Score::kAccuracy), Score::kAccuracy),
      testing::ElementsAre("C = 1, 10, 100 tie for the best accuracy, and the first is taken; of them 100 has the "
                           "lowest log loss",
                           "the best C, 1, is the smallest that was tried; a smaller one may be better still"));
  candidates[1].fold_scores = {0.9, 1.0};
  EXPECT_THAT(search_notes(candidates, rank_candidates(candidates, Score::kAccuracy), Score::kAccuracy),
              testing::IsEmpty());
  candidates[2].fold_scores = {1.0, 1.0};
  EXPECT_THAT(search_notes(candidates, rank_candidates(candidates, Score::kAccuracy), Score::kAccuracy),
              testing::ElementsAre("the best C, 100, is the largest that was tried; a larger one may be better still"));
  candidates.resize(1);
  EXPECT_THAT(search_notes(candidates, 0, Score::kAccuracy), testing::IsEmpty()) << "one value has no ends";
}

TEST(ParseCList, TakesNumbersAndRanges) {
  EXPECT_THAT(parse_c_list("0.1,1,1e4"), testing::ElementsAre(0.1, 1, 1e4));
  const std::vector<double> range = parse_c_list("1e-2:100:5");
  ASSERT_EQ(range.size(), 5U);
  EXPECT_EQ(range.front(), 0.01);
  EXPECT_NEAR(range[1], 0.1, 1e-15);
  EXPECT_NEAR(range[2], 1, 1e-14);
  EXPECT_EQ(range.back(), 100);
  EXPECT_THAT(parse_c_list("1e-6:1e2:9"), testing::ElementsAre(1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100));
  EXPECT_THAT(parse_c_list("5,1:4:3"), testing::ElementsAre(5, 1, 2, 4));
  EXPECT_THAT(parse_c_list("100:1:3"), testing::ElementsAre(100, 10, 1));
}

TEST(ParseCList, NamesThePartThatIsWrong) {
  const auto refused = [](const char* text) {
    try {
      static_cast<void>(parse_c_list(text));
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refused("1,x,2"), testing::StartsWith("C is x, expected numbers above 0"));
  for (const char* text : {"", "1,", ",1", "0", "-1", "nan", "inf", "1e999", "1 ", "0x1p3z", "1:2", "1:2:1", "1:2:1001",
                           "1:2:3:4", "0:1:3", ":1:3", "1:2:3.5"}) {
    EXPECT_THAT(refused(text), testing::StartsWith("C is ")) << text;
  }
  EXPECT_THAT(refused("1:2:900,1:2:900"), testing::HasSubstr("at most 1000 values"));
}

}  // namespace
}  // namespace vgg16
