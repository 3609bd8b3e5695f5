// Training with a test table of its own, and with no held-out rows at all.
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "support/expect_error.h"
#include "support/feature_data.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

FeatureTable rows_of(const FeatureTable& table, int64_t first, int64_t count, const std::string& name) {
  FeatureTable part = table;
  part.rows = count;
  part.labels.assign(table.labels.begin() + first, table.labels.begin() + first + count);
  part.paths.assign(table.paths.begin() + first, table.paths.begin() + first + count);
  part.name = name;
  part.read_rows = [read = table.read_rows, first](int64_t row, int64_t n, float* out) { read(first + row, n, out); };
  return part;
}

class TestSet : public testing::TestWithParam<Route> {
 protected:
  TestSet() {
    options_.route = GetParam();
    options_.c = {1e-3, 1};
    // The names of the test table are in another order, and one more has no rows.
    test_.label_names = {"none", "class_2", "class_1", "class_0"};
    for (int64_t& label : test_.labels) label = 3 - label;
  }

  const FeatureTable all_ =
      sparse_classes({.rows = 300, .columns = 150, .classes = 3, .zeros = 0.6, .separation = 0.3});
  FeatureTable train_ = rows_of(all_, 0, 225, "train.h5");
  FeatureTable test_ = rows_of(all_, 225, 75, "test.h5");
  TrainOptions options_;
};

TEST_P(TestSet, IsJudgedAsTheSameRowsHeldOut) {
  const TrainResult tail = train(all_, options_);
  const TrainResult two = train(train_, test_, options_);
  EXPECT_EQ(two.classifier.coef, tail.classifier.coef);
  EXPECT_EQ(two.classifier.classes, tail.classifier.classes);
  EXPECT_EQ(two.report.tested_on, TestedOn::kTestTable);
  EXPECT_EQ(two.report.train_rows, 225);
  EXPECT_EQ(two.report.test_rows, 75);
  EXPECT_EQ(two.report.confusion, tail.report.confusion);
  EXPECT_EQ(two.report.log_loss, tail.report.log_loss);
  ASSERT_EQ(two.report.predictions.size(), 75U);
  for (size_t i = 0; i < 75; ++i) {
    const HeldOutPrediction& expected = tail.report.predictions[i];
    const HeldOutPrediction& found = two.report.predictions[i];
    EXPECT_EQ(found.row, static_cast<int64_t>(i)) << "numbered as in the test table";
    EXPECT_EQ(found.predicted, expected.predicted);
    EXPECT_EQ(found.probability, expected.probability);
    ASSERT_EQ(found.nearest.size(), expected.nearest.size());
    for (size_t n = 0; n < found.nearest.size(); ++n) EXPECT_EQ(found.nearest[n].row, expected.nearest[n].row);
  }
  EXPECT_EQ(two.report.estimate.memory_bytes, estimate_training(train_, test_, options_).memory_bytes);
  EXPECT_EQ(two.classifier.metadata.at("split"), "file");
  EXPECT_EQ(two.classifier.metadata.at("held_out_rows"), "[]");
}

TEST_P(TestSet, WithoutOneEveryRowTrainsAndIsJudgedOutOfFold) {
  options_.test_size = 0;
  const TrainResult result = train(train_, options_);
  EXPECT_EQ(result.classifier.coef, train(train_, test_, options_).classifier.coef);
  EXPECT_EQ(result.classifier.metadata.at("split"), "none");
  EXPECT_EQ(result.classifier.metadata.at("held_out_rows"), "[]");
  const Report& report = result.report;
  EXPECT_EQ(report.tested_on, TestedOn::kOutOfFold);
  EXPECT_EQ(report.train_rows, 225);
  EXPECT_EQ(report.test_rows, 0);
  ASSERT_EQ(report.predictions.size(), 225U);
  // 225 rows in three folds of 75: the accuracy of all is the mean over the folds.
  EXPECT_NEAR(report.accuracy, report.candidates[report.best].mean, 1e-12);
  EXPECT_NEAR(report.log_loss, report.candidates[report.best].log_loss, 1e-12);
  EXPECT_LT(report.accuracy, 1) << "a model that had trained on these rows would be right about all";
  std::vector<int64_t> rows;
  for (const HeldOutPrediction& p : report.predictions) {
    rows.push_back(p.row);
    EXPECT_EQ(p.label, train_.labels[static_cast<size_t>(p.row)]);
    EXPECT_TRUE(p.nearest.empty());
  }
  std::sort(rows.begin(), rows.end());
  for (int64_t r = 0; r < 225; ++r) ASSERT_EQ(rows[static_cast<size_t>(r)], r);
  EXPECT_TRUE(report.duplicates.empty());
  for (const std::string& note : report.notes) EXPECT_THAT(note, testing::Not(HasSubstr("held-out")));
  options_.split = Split::kStratified;
  EXPECT_EQ(train(train_, options_).classifier.coef, result.classifier.coef);
}

TEST_P(TestSet, IsRefusedIfItsFeaturesAreOthers) {
  const auto refused = [&] { return refusal([&] { static_cast<void>(train(train_, test_, options_)); }); };
  test_.recipe.pool = "avg";
  EXPECT_EQ(refused(), "test.h5: pool avg, but train.h5 has none; extract both with the same options");
  test_.recipe = train_.recipe;
  test_.recipe.weights_sha256 = std::string(64, 'b');
  EXPECT_THAT(refused(), HasSubstr("test.h5: weights bbbb"));
  test_.recipe = {};  // not recorded; the number of columns still is
  EXPECT_EQ(train(train_, test_, options_).report.test_rows, 75);
  test_.columns = 149;
  EXPECT_EQ(refused(), "test.h5: rows of 149 numbers, but train.h5 has 150; extract both with the same options");
}

TEST_P(TestSet, IsRefusedIfNothingCanBeSaidAboutIt) {
  const auto refused = [&] { return refusal([&] { static_cast<void>(train(train_, test_, options_)); }); };
  test_.labels[7] = 0;
  EXPECT_EQ(
      refused(),
      "test.h5: class none has no rows in train.h5, so it cannot be predicted; name the classes alike, or leave it "
      "out of the test");
  test_.labels[7] = 4;
  EXPECT_EQ(refused(), "test.h5: row 7 has label 4, expected 0 to 3");
  test_.labels[7] = 1;
  test_.read_rows = [read = test_.read_rows](int64_t first, int64_t count, float* out) {
    read(first, count, out);
    if (first <= 9 && 9 < first + count) out[(9 - first) * 150 + 3] = std::numeric_limits<float>::quiet_NaN();
  };
  EXPECT_THAT(refused(), HasSubstr("test.h5: row 9 (class/234.jpg): column 3 is nan"));
  test_.rows = 0;
  test_.labels.clear();
  EXPECT_EQ(refused(), "test.h5: no rows to test with");
}

TEST_P(TestSet, NamesPicturesThatAreInBoth) {
  test_.read_rows = [this](int64_t first, int64_t count, float* out) {
    for (int64_t r = first; r < first + count; ++r) all_.read_rows(r == 5 ? 100 : 225 + r, 1, out + (r - first) * 150);
  };
  if (GetParam() == Route::kPrimal) {
    // By their files, and so not at all if one of the tables does not record them.
    EXPECT_TRUE(train(train_, test_, options_).report.duplicates.empty());
    train_.files.resize(225);
    for (int64_t r = 0; r < 225; ++r) train_.files[static_cast<size_t>(r)] = {1000, static_cast<uint32_t>(r)};
    EXPECT_TRUE(train(train_, test_, options_).report.duplicates.empty());
    test_.files.assign(75, {1001, 100});
    test_.files[5] = {1000, 100};
  }
  const Report report = train(train_, test_, options_).report;
  ASSERT_FALSE(report.duplicates.empty());
  EXPECT_TRUE(GetParam() == Route::kDual || report.duplicates.size() == 1);
  EXPECT_EQ(report.duplicates[0].held_out_row, 5);
  EXPECT_EQ(report.duplicates[0].training_row, 100);
  EXPECT_NEAR(report.duplicates[0].similarity, 1, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Routes, TestSet, testing::Values(Route::kDual, Route::kPrimal));

}  // namespace
}  // namespace vgg16
