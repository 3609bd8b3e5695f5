// The learn room against scikit-learn itself, run by tests/python/check_learning.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "learn/flow/metrics.h"
#include "learn/flow/split.h"
#include "print_report.h"
#include "support/feature_data.h"
#include "support/python.h"
#include "support/temp_dir.h"
#include "vgg16/classifier.h"

namespace vgg16 {
namespace {

using Json = nlohmann::json;
class LearnSklearnTest : public PythonTest {
 protected:
  void SetUp() override { need_python("numpy, sklearn, safetensors"); }

  void expect_agreement(const Json& check) {
    write_test_file(folder_ / "case.json", check.dump());
    EXPECT_EQ(run_script("check_learning.py", quoted(folder_.path())), 0);
  }

  void write_features(const FeatureTable& table, int64_t first, int64_t count) {
    std::vector<float> values(static_cast<size_t>(count * table.columns));
    table.read_rows(first, count, values.data());
    write_test_file(folder_ / "features.f32", std::as_bytes(std::span(values)));
  }

  // Also saves the model as m.model.
  void expect_optimum(const FeatureTable& table, const TrainOptions& options) {
    const TrainResult result = train(table, options);
    const Report& report = result.report;
    result.classifier.save(folder_ / "m.model", {.overwrite = true});
    const std::span<const int64_t> labels(table.labels);
    Json fits = Json::array();
    for (const FitCertificate& f : report.fits) {
      fits.push_back({{"C", f.c}, {"fold", f.fold}, {"objective", f.objective}});
    }
    Json predicted = Json::array();
    Json probabilities = Json::array();
    std::vector<float> row(static_cast<size_t>(table.columns));
    for (const HeldOutPrediction& p : report.predictions) {
      predicted.push_back(p.predicted);
      table.read_rows(p.row, 1, row.data());
      for (const double of_class : result.classifier.predict_probabilities(row)) probabilities.push_back(of_class);
    }
    write_features(table, 0, table.rows);
    expect_agreement({{"check", options.classifier == ClassifierKind::kSvm ? "svm" : "optimum"},
                      {"probabilities", probabilities},
                      {"columns", table.columns},
                      {"labels", table.labels},
                      {"fold", stratified_folds(labels.first(static_cast<size_t>(report.train_rows)), options.folds)},
                      {"balanced", options.class_weight.balanced},
                      {"weight_by_name", options.class_weight.by_name},
                      {"names", table.label_names},
                      {"fits", fits},
                      {"predicted", predicted}});
  }

  TempDir folder_;
};

TEST_F(LearnSklearnTest, FoldsEqualStratifiedKFold) {
  std::mt19937_64 random(11);
  Json cases = Json::array();
  for (int i = 0; i < 300; ++i) {
    const int folds = 2 + static_cast<int>(random() % 4);
    const int classes = 1 + static_cast<int>(random() % 6);
    const int rows = folds * classes + static_cast<int>(random() % 60);
    std::vector<int64_t> labels;
    for (int r = 0; r < rows; ++r) {
      labels.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(classes)) * 3 + 1);
    }
    // scikit-learn wants one class at least to have as many rows as there are folds.
    for (int r = 0; r < folds; ++r) labels.push_back(1);
    cases.push_back({{"labels", labels}, {"folds", folds}, {"fold", stratified_folds(labels, folds)}});
  }
  expect_agreement({{"check", "folds"}, {"cases", cases}});
}

TEST_F(LearnSklearnTest, ReportEqualsClassificationReport) {
  Json cases = Json::array();
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    FeatureTable table = sparse_classes({.rows = 60 + static_cast<int64_t>(seed) * 7,
                                         .columns = 60,
                                         .classes = seed == 7 ? 11 : 2 + static_cast<int>(seed % 5),
                                         .separation = 0.3,
                                         .seed = seed});
    if (seed % 2 == 0) table.label_names[0] = "a much longer name than the others, caf\xC3\xA9";
    TrainOptions options;
    options.c = {0.01};
    const Report report = train(table, options).report;
    std::vector<int64_t> labels;
    std::vector<int64_t> predicted;
    for (const HeldOutPrediction& p : report.predictions) {
      labels.push_back(p.label);
      predicted.push_back(p.predicted);
    }
    cases.push_back({{"labels", labels},
                     {"predicted", predicted},
                     {"names", report.classes},
                     {"text", classification_report(report)}});
  }
  expect_agreement({{"check", "report"}, {"cases", cases}});
}

TEST_F(LearnSklearnTest, ObjectiveIsNeverAboveNewtonCgAndPredictionsAgree) {
  TrainOptions options;
  options.c = {1e-4, 1e-2, 1, 100};
  for (const int classes : {2, 3, 5}) {
    for (const double separation : {0.2, 1.0}) {
      SCOPED_TRACE(std::to_string(classes) + " classes, separation " + std::to_string(separation));
      expect_optimum(
          sparse_classes({.rows = 160, .columns = 900, .classes = classes, .zeros = 0.9, .separation = separation}),
          options);
    }
  }
}

TEST_F(LearnSklearnTest, ClassWeightsMeanTheSame) {
  TrainOptions options;
  options.c = {1e-4, 1e-2, 1};
  for (const int classes : {2, 4}) {
    for (const char* weight : {"balanced", "class_1=5,class_0=0.25"}) {
      SCOPED_TRACE(std::to_string(classes) + " classes, " + weight);
      options.class_weight = parse_class_weight(weight);
      FeatureTable table =
          sparse_classes({.rows = 160, .columns = 900, .classes = classes, .zeros = 0.9, .separation = 0.3});
      for (size_t r = 0; r < table.labels.size(); r += 3) table.labels[r] = 0;  // classes of different sizes
      expect_optimum(table, options);
    }
  }
}

TEST_F(LearnSklearnTest, SvmsAreThoseOfLinearSvcAndTheirProbabilitiesOfCalibratedClassifierCv) {
  TrainOptions options;
  options.classifier = ClassifierKind::kSvm;
  options.c = {1e-6, 1e-4, 1e-2};
  options.relative_gap = 1e-8;  // so that the models are close, not only their objectives
  const auto expect_svm = [&](Route route, int classes, const char* weight) {
    SCOPED_TRACE(std::to_string(classes) + " classes, weights " + weight);
    options.route = route;
    options.class_weight = parse_class_weight(weight);
    expect_optimum(sparse_classes({.rows = 160, .columns = 200, .classes = classes, .zeros = 0.8, .separation = 0.2}),
                   options);
  };
  expect_svm(Route::kDual, 2, "none");
  expect_svm(Route::kDual, 4, "class_1=5,class_0=0.25");
  expect_svm(Route::kPrimal, 3, "none");
  expect_svm(Route::kPrimal, 2, "class_1=5,class_0=0.25");
}

// Random numbers are others, so means over seeds are compared.
TEST_F(LearnSklearnTest, ForestsAreAsGoodAsRandomForestClassifiers) {
  const auto expect_forest = [&](const SparseClasses& set, const char* weight, int min_leaf) {
    SCOPED_TRACE(std::to_string(set.classes) + " classes, weights " + weight);
    const FeatureTable table = sparse_classes(set);
    TrainOptions options;
    options.classifier = ClassifierKind::kForest;
    options.folds = 2;
    options.min_leaf = {min_leaf};
    options.class_weight = parse_class_weight(weight);
    constexpr int kSeeds = 4;
    double accuracy = 0;
    double out_of_bag = 0;
    int64_t nodes = 0;
    for (options.seed = 0; options.seed < kSeeds; ++options.seed) {
      const TrainResult result = train(table, options);
      accuracy += result.report.accuracy / kSeeds;
      out_of_bag += result.report.out_of_bag_accuracy / kSeeds;
      nodes += std::ssize(result.classifier.forest.nodes) / kSeeds;
    }
    write_features(table, 0, table.rows);
    expect_agreement({{"check", "forest"},
                      {"columns", table.columns},
                      {"labels", table.labels},
                      {"names", table.label_names},
                      {"weight_by_name", options.class_weight.by_name},
                      {"min_leaf", min_leaf},
                      {"seeds", kSeeds},
                      {"accuracy", accuracy},
                      {"out_of_bag", out_of_bag},
                      {"nodes", nodes}});
  };
  expect_forest({.rows = 1200, .columns = 400, .classes = 3, .zeros = 0.9, .separation = 0.6}, "none", 1);
  expect_forest({.rows = 1200, .columns = 400, .classes = 6, .zeros = 0.6, .separation = 1}, "class_1=5", 3);
}

TEST_F(LearnSklearnTest, ScoresAreThoseOfItsMetrics) {
  std::mt19937_64 random(12);
  Json cases = Json::array();
  for (int i = 0; i < 300; ++i) {
    const int classes = 2 + static_cast<int>(random() % 12);
    std::vector<int> labels;
    std::vector<int> predicted;
    for (int r = 0; r < 1 + i % 40; ++r) {  // often fewer rows than classes
      labels.push_back(static_cast<int>(random() % static_cast<uint64_t>(classes)));
      predicted.push_back(random() % 2 == 0 ? labels.back() : static_cast<int>(random() % uint64_t(classes)));
    }
    cases.push_back({{"labels", labels},
                     {"predicted", predicted},
                     {"balanced", score_of(Score::kBalancedAccuracy, labels, predicted, classes)},
                     {"f1", score_of(Score::kMacroF1, labels, predicted, classes)}});
  }
  expect_agreement({{"check", "scores"}, {"cases", cases}});
}

TEST_F(LearnSklearnTest, SuspectsAreThoseOfCrossValPredict) {
  for (const int classes : {2, 4}) {
    FeatureTable table =
        sparse_classes({.rows = 150, .columns = 300, .classes = classes, .zeros = 0.8, .separation = 0.5});
    for (size_t row = 0; row < 150; row += 12) table.labels[row] = (table.labels[row] + 1) % classes;
    TrainOptions options;
    options.c = {1e-3};
    options.test_size = 0;
    options.relative_gap = 1e-10;
    Json suspects = Json::array();
    for (const SuspectLabel& s : train(table, options).report.suspects) {
      suspects.push_back({{"row", s.row},
                          {"predicted", s.predicted},
                          {"label_probability", s.label_probability},
                          {"predicted_probability", s.predicted_probability}});
    }
    EXPECT_GE(suspects.size(), 5U);
    write_features(table, 0, 150);
    expect_agreement(
        {{"check", "suspects"}, {"columns", 300}, {"labels", table.labels}, {"C", 1e-3}, {"suspects", suspects}});
  }
}

TEST_F(LearnSklearnTest, LogisticRegressionLoadsTheModelFile) {
  for (const int classes : {2, 4}) {
    const FeatureTable table = sparse_classes({.rows = 100, .columns = 80, .classes = classes, .separation = 0.6});
    TrainOptions options;
    options.c = {0.001};
    const Classifier model = train(table, options).classifier;
    model.save(folder_ / "m.model", {.overwrite = true});
    Json probabilities = Json::array();
    std::vector<float> row(80);
    for (int64_t r = 75; r < 100; ++r) {
      table.read_rows(r, 1, row.data());
      for (const double p : model.predict_probabilities(row)) probabilities.push_back(p);
    }
    write_features(table, 75, 25);
    expect_agreement({{"check", "model"}, {"columns", 80}, {"names", model.classes}, {"probabilities", probabilities}});
  }
}

}  // namespace
}  // namespace vgg16
