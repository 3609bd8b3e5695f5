#include "learn/flow/class_weight.h"

#include <gmock/gmock.h>

#include "support/expect_error.h"
#include "support/feature_data.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ParseClassWeight, TakesNamesWithCommasAndEqualsSigns) {
  EXPECT_FALSE(parse_class_weight("none").balanced);
  EXPECT_TRUE(parse_class_weight("none").by_name.empty());
  EXPECT_TRUE(parse_class_weight("balanced").balanced);
  EXPECT_THAT(parse_class_weight("cats=2,dogs=0.5").by_name, UnorderedElementsAre(Pair("cats", 2), Pair("dogs", 0.5)));
  EXPECT_THAT(parse_class_weight("a, b=c=1e-3,none=4").by_name,
              UnorderedElementsAre(Pair("a, b=c", 1e-3), Pair("none", 4)));
}

TEST(ParseClassWeight, NamesThePartThatIsWrong) {
  const auto refused = [](const char* text) {
    return refusal([&] { static_cast<void>(parse_class_weight(text)); }, ErrorCode::kInvalidArgument);
  };
  EXPECT_EQ(refused("cats=2,dogs"),
            "class weight dogs: expected none, balanced, or NAME=WEIGHT,... with weights above 0");
  for (const char* text : {"", "balance", "=1", "cats=", "cats=x", "cats=1,", ",cats=1x"}) {
    EXPECT_THAT(refused(text), HasSubstr("expected none, balanced, or NAME=WEIGHT")) << text;
  }
  for (const char* text : {"cats=0", "cats=-1", "cats=inf", "cats=nan"}) {
    EXPECT_EQ(refused(text), "class weight cats: expected a number above 0") << text;
  }
  EXPECT_EQ(refused("cats=1,cats=2"), "class weight cats: is given twice");
}

TEST(ClassWeights, AreOneNumberPerClass) {
  const std::vector<std::string> names = {"cats", "dogs"};
  const std::vector<int> labels = {0, 1, 1, 1};
  EXPECT_THAT(class_weights({}, names, labels), testing::IsEmpty());
  EXPECT_THAT(class_weights(parse_class_weight("balanced"), names, labels), testing::ElementsAre(2, 4.0 / 6));
  EXPECT_THAT(class_weights(parse_class_weight("dogs=3"), names, labels), testing::ElementsAre(1, 3));
  EXPECT_EQ(refusal([&] { static_cast<void>(class_weights(parse_class_weight("owls=3"), names, labels)); },
                    ErrorCode::kInvalidArgument),
            "class weight owls: no class has this name; the classes are cats, dogs");
}

class ClassWeightTest : public testing::TestWithParam<Route> {};

// Every row of class 1 appears three times in one table, and has three times the weight in the other.
TEST_P(ClassWeightTest, WeighsLikeCopiesOfTheRows) {
  for (const int classes : {2, 4, 80}) {
    SCOPED_TRACE(classes);
    FeatureTable table = sparse_classes(
        {.rows = 480, .columns = 200, .classes = classes, .zeros = 0.6, .separation = 0.4, .in_turn = true});
    TrainOptions options;
    options.c = {0.01};
    options.folds = 2;
    options.relative_gap = 1e-9;
    options.route = GetParam();
    options.class_weight.by_name["class_1"] = 3;
    const TrainResult weighted = train(table, options);

    const int64_t train_rows = weighted.report.train_rows;
    std::vector<int64_t> chosen;
    for (int64_t r = 0; r < train_rows; ++r) chosen.insert(chosen.end(), table.labels[r] == 1 ? 3 : 1, r);
    const auto copied_rows = std::ssize(chosen);
    for (int64_t r = train_rows; r < table.rows; ++r) chosen.push_back(r);
    std::vector<float> values(chosen.size() * 200);
    std::vector<int64_t> labels;
    for (size_t i = 0; i < chosen.size(); ++i) {
      table.read_rows(chosen[i], 1, values.data() + i * 200);
      labels.push_back(table.labels[chosen[i]]);
    }
    options.class_weight = {};
    options.test_size = 1 - (static_cast<double>(copied_rows) + 0.5) / static_cast<double>(chosen.size());
    const TrainResult copied = train(table_of(values, 200, labels, table.label_names), options);
    ASSERT_EQ(copied.report.train_rows, copied_rows);
    const double objective = copied.report.fits.back().objective;
    EXPECT_NEAR(weighted.report.fits.back().objective, objective, 2e-9 * objective);
    for (size_t i = 0; i < copied.classifier.coef.size(); ++i) {
      ASSERT_NEAR(weighted.classifier.coef[i], copied.classifier.coef[i], 1e-4);
    }
    EXPECT_EQ(weighted.classifier.metadata.count("class_weights"), 1U);
    EXPECT_EQ(copied.classifier.metadata.count("class_weights"), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Routes, ClassWeightTest, testing::Values(Route::kDual, Route::kPrimal));

TEST(TrainScore, ChoosesC) {
  FeatureTable table = sparse_classes({.rows = 200, .columns = 300, .classes = 3, .separation = 0.3});
  TrainOptions options;
  options.c = {1e-5, 1e-3, 0.1, 10};
  options.score = Score::kLogLoss;
  const TrainResult result = train(table, options);
  for (const Candidate& c : result.report.candidates) {
    EXPECT_DOUBLE_EQ(c.mean, c.log_loss);
    EXPECT_GE(c.mean, result.report.candidates[result.report.best].mean);
  }
  EXPECT_EQ(result.report.score, Score::kLogLoss);
  EXPECT_EQ(result.classifier.metadata.at("score"), "log loss");
}

}  // namespace
}  // namespace vgg16
