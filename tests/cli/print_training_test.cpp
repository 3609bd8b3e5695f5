#include "print_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/feature_data.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::Not;

class TrainingText : public testing::Test {
 protected:
  // Of 60 held-out rows, many are predicted wrongly: the classes hardly differ.
  const FeatureTable table_ = sparse_classes({.rows = 240, .columns = 300, .separation = 0.1});
  const Report report_ = train(table_, {.c = {1e-3, 1}}).report;
};

TEST_F(TrainingText, ListsTheWorstTenOfTheWrongPredictions) {
  const HeldOutPrediction* worst = nullptr;
  int64_t wrong = 0;
  for (const HeldOutPrediction& p : report_.predictions) {
    if (p.predicted == p.label) continue;
    ++wrong;
    if (worst == nullptr || p.probability > worst->probability) worst = &p;
  }
  ASSERT_GT(wrong, 10);
  const std::string text = training_text(report_, {table_, table_}, {});
  const std::string first = "\nwrong predictions, the surest first\n  class/" + std::to_string(worst->row) +
                            ".jpg: class_" + std::to_string(worst->predicted) + " 0.";
  EXPECT_THAT(text, HasSubstr(first));
  EXPECT_THAT(text, HasSubstr("\n  and " + std::to_string(wrong - 10) + " more, with --verbose or --json\n"));
  const std::string all = training_text(report_, {table_, table_}, {.verbose = true});
  EXPECT_THAT(all, HasSubstr(first));
  EXPECT_THAT(all, Not(HasSubstr("with --verbose")));
}

TEST_F(TrainingText, FitsFortyColumns) {
  const std::string text = training_text(report_, {table_, table_}, {.width = 40});
  EXPECT_LE(widest_line(text), 40U) << text;
  for (const char* part :
       {"         C  accuracy\n", "<- best\n", "prec. recall   f1  rows\n", "confusion", "  0.99  "}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_GT(widest_line(training_text(report_, {table_, table_}, {})), 80U);
}

}  // namespace
}  // namespace vgg16
