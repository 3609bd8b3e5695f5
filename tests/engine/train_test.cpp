#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>

#include "learn/solve/lbfgs.h"
#include "support/expect_error.h"
#include "support/feature_data.h"
#include "support/temp_dir.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string train_refusal(const FeatureTable& table, const TrainOptions& options = {}) {
  return refusal([&] { static_cast<void>(train(table, options)); });
}

/// The objective at the classifier, from the rows themselves, and its derivative by coef and intercept.
double plain_objective(const FeatureTable& table, int64_t rows, int classes, double c, const std::vector<double>& x,
                       std::vector<double>& gradient) {
  const int64_t k = classes == 2 ? 1 : classes;
  const int64_t d = table.columns;
  std::vector<float> row(static_cast<size_t>(d));
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double value = 0;
  for (int64_t i = 0; i < k * d; ++i) {
    value += 0.5 * x[i] * x[i];
    gradient[i] = x[i];
  }
  std::vector<double> z(static_cast<size_t>(classes));
  for (int64_t r = 0; r < rows; ++r) {
    table.read_rows(r, 1, row.data());
    std::fill(z.begin(), z.end(), 0.0);
    for (int64_t i = 0; i < k; ++i) {
      const int64_t at = classes == 2 ? 1 : i;
      z[at] = x[k * d + i];
      for (int64_t j = 0; j < d; ++j) z[at] += x[i * d + j] * row[j];
    }
    const double highest = *std::max_element(z.begin(), z.end());
    double total = 0;
    for (const double s : z) total += std::exp(s - highest);
    const int64_t own = table.labels[r];
    value += c * (std::log(total) + highest - z[own]);
    for (int64_t i = 0; i < k; ++i) {
      const int64_t at = classes == 2 ? 1 : i;
      const double residual = c * (std::exp(z[at] - highest) / total - (own == at ? 1 : 0));
      for (int64_t j = 0; j < d; ++j) gradient[i * d + j] += residual * row[j];
      gradient[k * d + i] += residual;
    }
  }
  return value;
}

class TrainTest : public testing::TestWithParam<int> {};

TEST_P(TrainTest, ReachesTheOptimumOfThePlainObjectiveOnTheRows) {
  const int classes = GetParam();
  const FeatureTable table =
      sparse_classes({.rows = 80, .columns = 150, .classes = classes, .zeros = 0.8, .separation = 0.3});
  TrainOptions options;
  options.c = {0.003};
  options.relative_gap = 1e-10;
  const TrainResult result = train(table, options);
  const Classifier& model = result.classifier;
  const int64_t k = classes == 2 ? 1 : classes;
  ASSERT_EQ(model.coef.size(), static_cast<size_t>(k * 150));
  ASSERT_EQ(model.intercept.size(), static_cast<size_t>(k));

  const PlainObjective f = [&](const std::vector<double>& x, std::vector<double>& g) {
    return plain_objective(table, result.report.train_rows, classes, 0.003, x, g);
  };
  std::vector<double> ours = model.coef;
  ours.insert(ours.end(), model.intercept.begin(), model.intercept.end());
  std::vector<double> gradient(ours.size());
  const double value = f(ours, gradient);
  EXPECT_NEAR(value, result.report.fits.back().objective, 1e-9 * value);
  EXPECT_LE(*std::max_element(gradient.begin(), gradient.end()), 1e-4);

  LbfgsOptions lbfgs;
  lbfgs.max_iterations = 5000;
  const auto reference = minimize_lbfgs(f, std::vector<double>(ours.size(), 0.0), lbfgs);
  EXPECT_LE(value, reference.objective * (1 + 1e-9));
  EXPECT_GE(value, reference.objective * (1 - 1e-9));
  for (size_t i = 0; i < model.coef.size(); ++i) ASSERT_NEAR(ours[i], reference.x[i], 1e-5);
}

TEST_P(TrainTest, EveryFitIsCertifiedAndTheReportIsWhole) {
  const int classes = GetParam();
  const FeatureTable table = sparse_classes({.rows = 200, .columns = 400, .classes = classes});
  const TrainResult result = train(table, {});
  const Report& report = result.report;
  EXPECT_EQ(report.train_rows, 150);
  EXPECT_EQ(report.test_rows, 50);
  EXPECT_EQ(report.candidates.size(), 6U);
  EXPECT_EQ(report.fits.size(), 19U);
  for (const FitCertificate& f : report.fits) {
    EXPECT_LE(f.relative_gap, 1e-6);
    EXPECT_EQ(f.stop_reason, "converged");
  }
  EXPECT_EQ(report.fits.back().fold, -1);
  EXPECT_EQ(report.candidates[report.best].rank, 1);
  EXPECT_EQ(report.classes, table.label_names);
  ASSERT_EQ(report.predictions.size(), 50U);
  std::vector<float> row(400);
  int64_t right = 0;
  for (const HeldOutPrediction& p : report.predictions) {
    table.read_rows(p.row, 1, row.data());
    const std::vector<double> probability = result.classifier.predict_probabilities(row);
    EXPECT_NEAR(probability[p.predicted], p.probability, 1e-7) << "row " << p.row;
    EXPECT_EQ(std::max_element(probability.begin(), probability.end()) - probability.begin(), p.predicted);
    EXPECT_EQ(p.label, table.labels[p.row]);
    right += p.label == p.predicted ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(report.accuracy, static_cast<double>(right) / 50);
}

INSTANTIATE_TEST_SUITE_P(Classes, TrainTest, testing::Values(2, 3, 5));

TrainOptions forest_options() {
  TrainOptions options;
  options.classifier = ClassifierKind::kForest;
  options.trees = {30};
  return options;
}

TEST(TrainForest, TheReportIsWholeAndTheModelFileSaysTheSame) {
  for (const int classes : {2, 4}) {
    for (const int64_t columns : {400, 60}) {  // logistic regression by either route
      const TempDir folder;
      const FeatureTable table =
          sparse_classes({.rows = 200, .columns = columns, .classes = classes, .separation = 0.6});
      TrainOptions options = forest_options();
      options.trees = {30, 5};
      options.min_leaf = {1, 4};
      const TrainResult result = train(table, options);
      const Report& report = result.report;
      EXPECT_EQ(report.estimate.route, columns == 400 ? Route::kDual : Route::kPrimal);
      ASSERT_EQ(report.candidates.size(), 4U);
      EXPECT_EQ(report.candidates[1].trees, 5);
      EXPECT_EQ(report.candidates[2].min_leaf, 4);
      EXPECT_TRUE(report.fits.empty());
      EXPECT_GT(report.out_of_bag_rows, 120) << "of 150, if there are 5 trees only";
      EXPECT_GT(report.out_of_bag_accuracy, 1.2 / classes);
      EXPECT_GT(report.accuracy, 1.2 / classes);
      ASSERT_TRUE(report.logistic.has_value());
      TrainOptions logistic;
      const Report alone = train(table, logistic).report;
      EXPECT_EQ(report.logistic->fold_scores, alone.candidates[alone.best].fold_scores);
      EXPECT_EQ(report.logistic->c, alone.candidates[alone.best].c);
      result.classifier.save(folder / "m.model", {});
      const Classifier back = Classifier::load(folder / "m.model");
      EXPECT_EQ(back.forest.roots.size(), static_cast<size_t>(report.candidates[report.best].trees));
      std::vector<float> row(static_cast<size_t>(columns));
      ASSERT_EQ(report.predictions.size(), 50U);
      for (const HeldOutPrediction& p : report.predictions) {
        table.read_rows(p.row, 1, row.data());
        const std::vector<double> probability = back.predict_probabilities(row);
        EXPECT_NEAR(probability[p.predicted], p.probability, 1e-9) << "row " << p.row;
        EXPECT_EQ(std::max_element(probability.begin(), probability.end()) - probability.begin(), p.predicted);
      }
    }
  }
}

TEST(TrainForest, AFewerTreesCandidateIsWhatItWouldBeAlone) {
  const FeatureTable table = sparse_classes({.rows = 150, .columns = 300, .classes = 3, .separation = 0.6});
  TrainOptions options = forest_options();
  options.trees = {40, 10};
  const Report both = train(table, options).report;
  options.trees = {10};
  const Report alone = train(table, options).report;
  EXPECT_EQ(both.candidates[1].fold_scores, alone.candidates[0].fold_scores);
  EXPECT_EQ(both.candidates[1].log_loss, alone.candidates[0].log_loss);
}

TEST(TrainForest, TheModelFileIsTheSameBytesForAnyNumberOfThreads) {
  const TempDir folder;
  const FeatureTable table = sparse_classes({.rows = 160, .columns = 500, .classes = 4, .separation = 0.5});
  std::string first;
  for (const int threads : {1, 2, 3}) {
    TrainOptions options = forest_options();
    options.threads = threads;
    options.class_weight.balanced = true;
    train(table, options).classifier.save(folder / "m.model", {.overwrite = true});
    std::ifstream file(folder / "m.model", std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (threads == 1) first = bytes;
    EXPECT_EQ(bytes, first) << threads << " threads";
  }
}

TEST(TrainForest, TestsOnAnotherTableOrOutOfFoldAndFindsWrongLabels) {
  const FeatureTable more = sparse_classes({.rows = 60, .columns = 300, .separation = 1, .seed = 9});
  FeatureTable table = sparse_classes({.rows = 150, .columns = 300, .separation = 1});
  EXPECT_EQ(train(table, more, forest_options()).report.test_rows, 60);
  for (size_t row = 0; row < 150; row += 25) table.labels[row] = (table.labels[row] + 1) % 3;
  TrainOptions options = forest_options();
  options.test_size = 0;
  options.trees = {100};
  const Report report = train(table, options).report;
  EXPECT_EQ(report.tested_on, TestedOn::kOutOfFold);
  EXPECT_EQ(report.predictions.size(), 150U);
  int found = 0;
  for (const SuspectLabel& s : report.suspects) found += s.row % 25 == 0 ? 1 : 0;
  EXPECT_GE(found, 3) << "of 6";
}

// Column 7 decides; the table says that its rows are (2, 2, 512).
TEST(TrainForest, ImportanceIsThatOfPositionsAndChannels) {
  std::vector<float> values;
  std::vector<int64_t> labels;
  std::mt19937_64 random(3);
  constexpr int64_t kColumns = 2048;
  for (int row = 0; row < 120; ++row) {
    labels.push_back(row % 2);
    for (int64_t c = 0; c < kColumns; ++c) {
      const bool tells = c / 512 == 2 && (c % 512 == 7 || next_uniform(random) < 0.2);
      values.push_back(tells ? static_cast<float>(row % 2 + 1) : 1.0F);
    }
  }
  FeatureTable table = table_of(std::move(values), kColumns, std::move(labels), {"a", "b"});
  EXPECT_TRUE(train(table, forest_options()).report.importance.channels.empty()) << "the recipe has 25,088 columns";
  table.recipe.pool = "2x2";
  const Importance importance = train(table, forest_options()).report.importance;
  EXPECT_EQ(importance.side, 2);
  ASSERT_EQ(importance.positions.size(), 4U);
  ASSERT_EQ(importance.channels.size(), 512U);
  EXPECT_NEAR(importance.positions[2], 1, 1e-5);
  EXPECT_EQ(std::max_element(importance.channels.begin(), importance.channels.end()) - importance.channels.begin(), 7);
}

TEST(TrainForest, RefusesWhatDoesNotFitAndWhatMeansNothing) {
  const FeatureTable table = sparse_classes({.rows = 150, .columns = 300});
  TrainOptions options = forest_options();
  options.memory_bytes = 1'000'000;
  EXPECT_THAT(refusal([&] { static_cast<void>(train(table, options)); }, ErrorCode::kMemory),
              HasSubstr("a forest, which needs all rows in memory, takes"));
  options = forest_options();
  options.trees = {0};
  EXPECT_THAT(refusal([&] { static_cast<void>(train(table, options)); }, ErrorCode::kInvalidArgument),
              HasSubstr("trees is 0, expected at least 1"));
  options = forest_options();
  options.min_leaf = {};
  EXPECT_THAT(refusal([&] { static_cast<void>(train(table, options)); }, ErrorCode::kInvalidArgument),
              HasSubstr("no size of a forest to try"));
}

TEST(Train, TheModelFileIsTheSameBytesForAnyNumberOfThreads) {
  const TempDir folder;
  const FeatureTable table = sparse_classes({.rows = 240, .columns = 500, .classes = 4, .separation = 0.5});
  std::string first;
  for (const int threads : {1, 2, 3}) {
    TrainOptions options;
    options.threads = threads;
    train(table, options).classifier.save(folder / "m.model", {.overwrite = true});
    std::ifstream file(folder / "m.model", std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (threads == 1) first = bytes;
    EXPECT_EQ(bytes, first) << threads << " threads";
  }
}

TEST(Train, TheOrderOfTheListDecidesTiesAndNothingElse) {
  const FeatureTable table = sparse_classes({.rows = 120, .columns = 300});
  TrainOptions up;
  TrainOptions down;
  std::reverse(down.c.begin(), down.c.end());
  const Report a = train(table, up).report;
  const Report b = train(table, down).report;
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(a.candidates[i].c, b.candidates[5 - i].c);
    EXPECT_EQ(a.candidates[i].fold_scores, b.candidates[5 - i].fold_scores);
  }
}

TEST(Train, AStratifiedSplitHoldsOutEveryClassAndIsRecorded) {
  FeatureTable table = sparse_classes({.rows = 120, .columns = 200, .classes = 4});
  std::sort(table.labels.begin(), table.labels.end());  // the tail would be one class
  TrainOptions options;
  options.split = Split::kStratified;
  options.seed = 7;
  const TrainResult result = train(table, options);
  EXPECT_EQ(result.report.test_rows, 30);
  for (const ClassScore& score : result.report.per_class) EXPECT_GE(score.support, 5);
  EXPECT_EQ(result.classifier.metadata.at("split"), "stratified");
  EXPECT_EQ(result.classifier.metadata.at("split_seed"), "7");
  std::string rows = "[";
  for (const HeldOutPrediction& p : result.report.predictions) {
    rows += (rows.size() > 1 ? "," : "") + std::to_string(p.row);
  }
  EXPECT_EQ(result.classifier.metadata.at("held_out_rows"), rows + "]");
}

TEST(Train, FindsPicturesThatAreOnBothSidesOfTheSplit) {
  const FeatureTable table = sparse_classes({.rows = 120, .columns = 400, .separation = 0.3});
  std::vector<float> values(120 * 400);
  table.read_rows(0, 120, values.data());
  std::vector<int64_t> labels = table.labels;
  std::copy_n(values.begin() + 17 * 400, 400, values.begin() + 100 * 400);  // an exact copy
  labels[100] = labels[17];
  for (int64_t d = 0; d < 400; ++d) values[115 * 400 + d] = values[40 * 400 + d] * (d % 7 == 0 ? 0.8F : 1.05F);
  labels[115] = (labels[40] + 1) % 3;
  const Report report = train(table_of(values, 400, labels, table.label_names), {}).report;
  ASSERT_EQ(report.duplicates.size(), 2U);
  EXPECT_EQ(report.duplicates[0].held_out_row, 100);
  EXPECT_EQ(report.duplicates[0].training_row, 17);
  EXPECT_NEAR(report.duplicates[0].similarity, 1, 1e-9);
  EXPECT_TRUE(report.duplicates[0].same_label);
  EXPECT_EQ(report.duplicates[1].held_out_row, 115);
  EXPECT_EQ(report.duplicates[1].training_row, 40);
  EXPECT_FALSE(report.duplicates[1].same_label);
  for (const HeldOutPrediction& p : report.predictions) {
    ASSERT_EQ(p.nearest.size(), p.predicted == p.label ? 0U : 3U);
    for (size_t i = 1; i < p.nearest.size(); ++i) EXPECT_GE(p.nearest[i - 1].similarity, p.nearest[i].similarity);
    for (const Neighbour& n : p.nearest) EXPECT_LT(n.row, 90);
  }
}

class PrimalRouteTest : public testing::TestWithParam<int> {};

TEST_P(PrimalRouteTest, AgreesWithTheDualRoute) {
  const FeatureTable table =
      sparse_classes({.rows = 300, .columns = 150, .classes = GetParam(), .zeros = 0.6, .separation = 0.3});
  TrainOptions options;
  options.c = {1e-4, 1e-2, 1};
  options.route = Route::kDual;
  const TrainResult dual = train(table, options);
  options.route = Route::kPrimal;
  const TrainResult primal = train(table, options);
  EXPECT_EQ(dual.report.estimate.route, Route::kDual);
  EXPECT_EQ(primal.report.estimate.route, Route::kPrimal);
  ASSERT_EQ(primal.report.fits.size(), dual.report.fits.size());
  for (size_t i = 0; i < dual.report.fits.size(); ++i) {
    const FitCertificate& a = dual.report.fits[i];
    const FitCertificate& b = primal.report.fits[i];
    EXPECT_LE(b.relative_gap, 1e-6) << b.stop_reason;
    EXPECT_EQ(a.fold, b.fold);
    EXPECT_EQ(a.c, b.c);
    EXPECT_NEAR(a.objective, b.objective, 2e-6 * a.objective);
  }
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(dual.report.candidates[i].log_loss, primal.report.candidates[i].log_loss, 0.01);
  }
  EXPECT_EQ(primal.report.best, dual.report.best);
  EXPECT_NEAR(primal.report.accuracy, dual.report.accuracy, 0.03);
  for (size_t i = 0; i < dual.classifier.coef.size(); ++i) {
    ASSERT_NEAR(dual.classifier.coef[i], primal.classifier.coef[i], 2e-4);
  }
}

TEST_P(PrimalRouteTest, TheCertificateHasTheObjectiveOfTheModelInFloat64) {
  const FeatureTable table =
      sparse_classes({.rows = 300, .columns = 150, .classes = GetParam(), .zeros = 0.6, .separation = 0.3});
  TrainOptions options;
  options.c = {0.01};
  options.route = Route::kPrimal;
  const TrainResult result = train(table, options);
  std::vector<double> model = result.classifier.coef;
  model.insert(model.end(), result.classifier.intercept.begin(), result.classifier.intercept.end());
  std::vector<double> gradient(model.size());
  const double value = plain_objective(table, result.report.train_rows, GetParam(), 0.01, model, gradient);
  EXPECT_NEAR(result.report.fits.back().objective, value, 1e-12 * value);
}

TEST_P(PrimalRouteTest, IsTheSameBitsForAnyNumberOfThreads) {
  const FeatureTable table = sparse_classes({.rows = 700, .columns = 200, .classes = GetParam(), .zeros = 0.7});
  TrainOptions options;
  options.c = {1e-3, 1};
  options.route = Route::kPrimal;
  options.threads = 1;
  const TrainResult one = train(table, options);
  EXPECT_TRUE(one.report.estimate.rows_in_memory);
  options.threads = 3;
  EXPECT_EQ(train(table, options).classifier.coef, one.classifier.coef);
}

INSTANTIATE_TEST_SUITE_P(Classes, PrimalRouteTest, testing::Values(2, 4));

TEST_P(PrimalRouteTest, EitherSolverFindsTheSameModelByTheDualRoute) {
  const FeatureTable table =
      sparse_classes({.rows = 200, .columns = 400, .classes = GetParam(), .zeros = 0.8, .separation = 0.4});
  TrainOptions options;
  options.c = {1e-4, 1e-2, 1};
  options.relative_gap = 1e-9;
  const TrainResult newton = train(table, options);
  options.solver = Solver::kLbfgs;
  const TrainResult lbfgs = train(table, options);
  EXPECT_EQ(newton.report.solver, Solver::kNewton);
  EXPECT_EQ(lbfgs.report.solver, Solver::kLbfgs);
  EXPECT_EQ(lbfgs.report.estimate.route, Route::kDual);
  EXPECT_EQ(lbfgs.classifier.metadata.at("solver"), "lbfgs");
  ASSERT_EQ(lbfgs.report.fits.size(), newton.report.fits.size());
  for (size_t i = 0; i < newton.report.fits.size(); ++i) {
    EXPECT_LE(lbfgs.report.fits[i].relative_gap, 1e-9) << lbfgs.report.fits[i].stop_reason;
    EXPECT_NEAR(lbfgs.report.fits[i].objective, newton.report.fits[i].objective,
                2e-9 * newton.report.fits[i].objective);
  }
  EXPECT_EQ(lbfgs.report.best, newton.report.best);
  for (size_t i = 0; i < newton.report.predictions.size(); ++i) {
    EXPECT_EQ(lbfgs.report.predictions[i].predicted, newton.report.predictions[i].predicted);
    EXPECT_NEAR(lbfgs.report.predictions[i].probability, newton.report.predictions[i].probability, 1e-3);
  }
  for (size_t i = 0; i < newton.classifier.coef.size(); ++i) {
    ASSERT_NEAR(lbfgs.classifier.coef[i], newton.classifier.coef[i], 1e-5);
  }
}

TEST(TrainSolver, NewtonsMethodMeansTheDualRoute) {
  const FeatureTable tall = sparse_classes({.rows = 400, .columns = 100});
  TrainOptions options;
  EXPECT_EQ(estimate_training(tall, options).route, Route::kPrimal);
  options.solver = Solver::kNewton;
  EXPECT_EQ(estimate_training(tall, options).route, Route::kDual);
  options.route = Route::kPrimal;
  EXPECT_THAT(refusal([&] { static_cast<void>(train(tall, options)); }, ErrorCode::kInvalidArgument),
              HasSubstr("Newton's method needs the inner products"));
}

class ManyClassesTest : public testing::TestWithParam<Route> {};

TEST_P(ManyClassesTest, EveryFitReachesTheOptimumAndTheBitsAreThoseOfOneThread) {
  const FeatureTable table =
      sparse_classes({.rows = 900, .columns = 200, .classes = 300, .zeros = 0.5, .separation = 0.8, .in_turn = true});
  TrainOptions options;
  options.c = {0.01};
  options.folds = 2;
  options.route = GetParam();
  options.threads = 1;
  const TrainResult result = train(table, options);
  EXPECT_EQ(result.report.estimate.route, GetParam());
  for (const FitCertificate& fit : result.report.fits) EXPECT_LE(fit.relative_gap, 1e-6) << fit.stop_reason;

  std::vector<double> model = result.classifier.coef;
  model.insert(model.end(), result.classifier.intercept.begin(), result.classifier.intercept.end());
  std::vector<double> gradient(model.size());
  const double value = plain_objective(table, result.report.train_rows, 300, 0.01, model, gradient);
  EXPECT_NEAR(value, result.report.fits.back().objective, 1e-6 * value);
  const double squared = std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0);
  EXPECT_LE(0.5 * squared, 2e-6 * value) << "by convexity the optimum is no further away than this";

  options.threads = 3;
  EXPECT_EQ(train(table, options).classifier.coef, result.classifier.coef);
}

INSTANTIATE_TEST_SUITE_P(Routes, ManyClassesTest, testing::Values(Route::kDual, Route::kPrimal));

TEST(TrainMemory, ThePlanFollowsTheBudget) {
  const FeatureTable wide = sparse_classes({.rows = 400, .columns = 2000});
  EXPECT_EQ(estimate_training(wide, {}).route, Route::kDual);
  const FeatureTable tall = sparse_classes({.rows = 400, .columns = 100});
  EXPECT_EQ(estimate_training(tall, {}).route, Route::kPrimal);
  TrainOptions options;
  int64_t least = 0;
  for (int64_t budget = 50'000'000; budget < 400'000'000; budget += 1'000'000) {
    options.memory_bytes = budget;
    try {
      const TrainEstimate estimate = estimate_training(wide, options);
      EXPECT_LE(estimate.memory_bytes, budget);
      if (least == 0) least = budget;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kMemory);
      EXPECT_THAT(e.what(), HasSubstr("MB of memory at least"));
      EXPECT_EQ(least, 0) << "more memory than what was enough is not enough";
    }
  }
  EXPECT_GT(least, 0);
}

TEST(Train, ProgressTellsOfStepsWithinAFit) {
  for (const Route route : {Route::kDual, Route::kPrimal}) {
    TrainOptions options;
    options.route = route;
    bool told = false;
    static_cast<void>(train(sparse_classes({}), options, [&](std::string_view what, int64_t done, int64_t total) {
      told = told || what.starts_with("fits, step ");
      EXPECT_LE(done, total);
    }));
    EXPECT_TRUE(told);
  }
}

TEST(Train, ProgressEndsAtItsTotal) {
  std::map<std::string, std::pair<int64_t, int64_t>, std::less<>> last;
  const auto progress = [&](std::string_view what, int64_t done, int64_t total) {
    last[std::string(what.substr(0, what.find(',')))] = {done, total};
  };
  static_cast<void>(train(sparse_classes({}), {}, progress));
  EXPECT_EQ(last.size(), 3U);
  for (const auto& [stage, counts] : last) EXPECT_EQ(counts.first, counts.second) << stage;
}

/// The rows of sparse_classes() times a power of two, which leaves their digits alone.
FeatureTable scaled_classes(int64_t columns, int exponent) {
  FeatureTable table = sparse_classes({.rows = 60, .columns = columns});
  const auto read = table.read_rows;
  table.read_rows = [=](int64_t first, int64_t count, float* out) {
    read(first, count, out);
    std::transform(out, out + count * columns, out, [=](float value) { return std::ldexp(value, exponent); });
  };
  return table;
}

TEST(TrainOverflow, FeaturesOfAnySizeConvergeOrAreRefused) {
  for (const int64_t columns : {20, 500}) {  // by either route
    for (const int exponent : {123, 100, 60, -60, -126}) {
      SCOPED_TRACE(std::to_string(columns) + " columns times 2^" + std::to_string(exponent));
      const FeatureTable table = scaled_classes(columns, exponent);
      try {
        const TrainResult result = train(table, {});
        for (const FitCertificate& f : result.report.fits) EXPECT_LE(f.relative_gap, 1e-3);
        for (const double w : result.classifier.coef) ASSERT_TRUE(std::isfinite(w));
        EXPECT_TRUE(std::isfinite(result.report.log_loss));
      } catch (const Error& error) {
        EXPECT_GE(exponent, 60);
        EXPECT_EQ(error.code(), ErrorCode::kRefused);
        EXPECT_THAT(error.what(), testing::MatchesRegex("test.h5: the fit .* at C = .* failed: .* iterations; choose a "
                                                        "smaller C, or scale the features"));
      }
    }
  }
}

TEST(TrainOverflow, AValueOfCThatFailsIsLeftOutAndNamed) {
  const FeatureTable table = sparse_classes({.rows = 60, .columns = 20});
  TrainOptions options;
  options.c = {1e300};
  EXPECT_THAT(train_refusal(table, options), HasSubstr("at C = 1e+300 failed: "));
  options.c = {1e300, 0.1, 1};
  const TrainResult result = train(table, options);
  options.c = {0.1, 1};
  const TrainResult without = train(table, options);
  EXPECT_EQ(result.report.candidates.size(), 2U);
  EXPECT_EQ(result.report.fits.size(), 7U);
  EXPECT_EQ(result.report.best, without.report.best);
  EXPECT_EQ(result.classifier.coef, without.classifier.coef);
  EXPECT_THAT(result.report.warnings, Contains(HasSubstr("at C = 1e+300 failed: ")));
  EXPECT_THAT(result.report.warnings, Contains(HasSubstr("; this C is left out")));
}

TEST(TrainRefuses, OneClass) {
  const FeatureTable table = table_of(std::vector<float>(40, 1.0F), 2, std::vector<int64_t>(20, 0), {"cats"});
  EXPECT_EQ(train_refusal(table), "test.h5: all rows belong to one class, cats; expected at least two classes");
}

TEST(TrainRefuses, AnEmptyTable) { EXPECT_THAT(train_refusal(table_of({}, 4, {}, {"a", "b"})), HasSubstr("no rows")); }

TEST(TrainRefuses, AClassWithFewerTrainingRowsThanFolds) {
  std::vector<int64_t> labels(40, 0);
  for (int i = 0; i < 40; ++i) labels[i] = i % 2;
  labels[3] = 2;
  labels[6] = 2;
  labels[38] = 2;
  const FeatureTable table = table_of(std::vector<float>(80, 1.0F), 2, labels, {"a", "b", "c"});
  EXPECT_THAT(train_refusal(table), HasSubstr("class c has 2 of its 3 rows among the 30 training rows"));
}

TEST(TrainRefuses, AClassThatIsOnlyHeldOut) {
  std::vector<int64_t> labels(40, 0);
  for (int i = 0; i < 40; ++i) labels[i] = i < 30 ? i % 2 : 2;
  const FeatureTable table = table_of(std::vector<float>(80, 1.0F), 2, labels, {"a", "b", "c"});
  EXPECT_THAT(train_refusal(table), HasSubstr("class c has 0 of its 10 rows among the 30 training rows"));
}

TEST(TrainRefuses, NumbersThatAreNotFinite) {
  std::vector<float> values(40 * 3, 1.0F);
  values[17 * 3 + 2] = std::numeric_limits<float>::quiet_NaN();
  std::vector<int64_t> labels(40);
  for (int i = 0; i < 40; ++i) labels[i] = i % 2;
  EXPECT_THAT(train_refusal(table_of(values, 3, labels, {"a", "b"})), HasSubstr("row 17 (class/17.jpg): column 2 is "));
}

TEST(TrainRefuses, ALabelWithoutAName) {
  FeatureTable table = sparse_classes({});
  table.labels[5] = 3;
  EXPECT_THAT(train_refusal(table), HasSubstr("row 5 has label 3, expected 0 to 2"));
  table.labels[5] = -1;
  EXPECT_THAT(train_refusal(table), HasSubstr("row 5 has label -1"));
}

TEST(TrainRefuses, OptionsWithoutMeaning) {
  const FeatureTable table = sparse_classes({});
  const auto refused = [&](const std::function<void(TrainOptions&)>& change) {
    TrainOptions options;
    change(options);
    return refusal([&] { static_cast<void>(train(table, options)); }, ErrorCode::kInvalidArgument);
  };
  EXPECT_THAT(refused([](TrainOptions& o) { o.c.clear(); }), HasSubstr("C"));
  EXPECT_THAT(refused([](TrainOptions& o) { o.c = {1, 0}; }), HasSubstr("C is 0"));
  EXPECT_THAT(refused([](TrainOptions& o) { o.c = {NAN}; }), HasSubstr("C is nan"));
  EXPECT_THAT(refused([](TrainOptions& o) { o.folds = 1; }), HasSubstr("folds is 1"));
  EXPECT_THAT(refused([](TrainOptions& o) { o.test_size = -0.1; }), HasSubstr("test size"));
  EXPECT_THAT(refused([](TrainOptions& o) { o.test_size = 1; }), HasSubstr("test size"));
  EXPECT_THAT(refused([](TrainOptions& o) { o.threads = -2; }), HasSubstr("threads"));
}

TEST(TrainDegenerate, AllZerosGivesTheClassFrequencies) {
  std::vector<int64_t> labels;
  for (int i = 0; i < 40; ++i) labels.push_back(i % 4 == 0 ? 1 : 0);
  const TrainResult result = train(table_of(std::vector<float>(40 * 5, 0.0F), 5, labels, {"a", "b"}), {});
  EXPECT_EQ(result.report.fits.back().relative_gap, 0);
  const std::vector<double> p = result.classifier.predict_probabilities(std::vector<float>(5, 0.0F));
  EXPECT_NEAR(p[1], 8.0 / 30, 1e-12);
  EXPECT_EQ(result.report.per_class[1].recall, 0);
}

TEST(TrainDegenerate, ConstantColumnsChangeNothing) {
  const FeatureTable table = sparse_classes({.rows = 60, .columns = 100, .separation = 0.4});
  std::vector<float> wide;
  std::vector<float> row(100);
  for (int64_t r = 0; r < 60; ++r) {
    table.read_rows(r, 1, row.data());
    wide.insert(wide.end(), row.begin(), row.end());
    wide.insert(wide.end(), {1000.0F, -3.0F});
  }
  TrainOptions options;
  options.c = {0.01};
  options.relative_gap = 1e-10;
  const TrainResult narrow_result = train(table, options);
  const TrainResult wide_result = train(table_of(wide, 102, table.labels, table.label_names), options);
  EXPECT_NEAR(narrow_result.report.fits.back().objective, wide_result.report.fits.back().objective, 1e-8);
  for (int64_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(wide_result.classifier.coef[c * 102 + 100], 0, 1e-9);
    EXPECT_NEAR(wide_result.classifier.coef[c * 102 + 7], narrow_result.classifier.coef[c * 100 + 7], 1e-6);
  }
}

TEST(TrainDegenerate, SeparableRowsAtALargeCConvergeAndAreAllRight) {
  const FeatureTable table = sparse_classes({.rows = 100, .columns = 600, .separation = 1.5});
  TrainOptions options;
  options.c = {10000};
  const TrainResult result = train(table, options);
  EXPECT_EQ(result.report.fits.back().stop_reason, "converged");
  EXPECT_LE(result.report.fits.back().relative_gap, 1e-6);
  std::vector<float> row(600);
  for (int64_t r = 0; r < result.report.train_rows; ++r) {
    table.read_rows(r, 1, row.data());
    const std::vector<double> p = result.classifier.predict_probabilities(row);
    EXPECT_EQ(std::max_element(p.begin(), p.end()) - p.begin(), table.labels[r]);
  }
}

TEST(TrainDegenerate, ColumnsOfVeryDifferentSizesConverge) {
  const FeatureTable table = sparse_classes({.rows = 100, .columns = 600, .separation = 0.2});
  std::vector<float> values(static_cast<size_t>(100 * 600));
  table.read_rows(0, 100, values.data());
  for (size_t i = 0; i < values.size(); ++i) values[i] *= std::pow(10.0F, static_cast<float>(i % 7) - 3.0F);
  const Report report = train(table_of(values, 600, table.labels, table.label_names), {}).report;
  for (const FitCertificate& f : report.fits) {
    EXPECT_LE(f.relative_gap, 1e-6) << "C " << f.c << ", fold " << f.fold << ": " << f.stop_reason;
  }
}

TEST(TrainDegenerate, DuplicateRowsWithContradictingLabelsConvergeOrAreNamed) {
  std::vector<float> values;
  std::vector<int64_t> labels;
  for (int i = 0; i < 60; ++i) {
    for (int d = 0; d < 8; ++d) values.push_back(d == i % 3 ? 5.0F : 0.0F);
    labels.push_back(i % 2);
  }
  for (const float size : {1.0F, 200.0F}) {  // the larger is that of real features
    for (float& value : values) value *= size;
    const TrainResult result = train(table_of(values, 8, labels, {"a", "b"}), {});
    for (const FitCertificate& f : result.report.fits) {
      SCOPED_TRACE(f.c);
      if (size * f.c < 1e6) {
        EXPECT_LE(f.relative_gap, 1e-6);
      } else if (f.relative_gap > 1e-6) {
        // Where large dual coefficients cancel, the scores lose digits: the optimum is reached, but can only be
        // certified to within a larger gap.
        EXPECT_LE(f.relative_gap, 1e-3);
        EXPECT_THAT(result.report.warnings, Contains(HasSubstr("at C = 10000 is proven only to within")));
      }
    }
    const std::vector<double> p =
        result.classifier.predict_probabilities(std::vector(values.begin(), values.begin() + 8));
    EXPECT_NEAR(p[0], 0.5, 0.1);
  }
}

TEST(TrainDegenerate, LabelsWithGapsKeepTheirNames) {
  FeatureTable table = sparse_classes({.rows = 100, .columns = 200, .classes = 3});
  table.label_names = {"a", "nobody", "b", "c"};
  for (int64_t& label : table.labels) label += label > 0 ? 1 : 0;
  const TrainResult result = train(table, {});
  EXPECT_THAT(result.classifier.classes, testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(result.report.warnings, Contains("class nobody has no rows and is left out"));
  EXPECT_GT(result.report.accuracy, 0.5);
}

TEST(TrainDegenerate, ManyClassesWithoutRowsAreOneWarning) {
  FeatureTable table = sparse_classes({.rows = 100, .columns = 200, .classes = 3});
  table.label_names.insert(table.label_names.end(), {"x", "y"});
  EXPECT_THAT(train(table, {}).report.warnings, Contains("2 classes (x, y) have no rows and are left out"));
}

TEST(TrainDegenerate, AClassAbsentFromTheHeldOutRowsHasARowOfSupportZero) {
  FeatureTable table = sparse_classes({.rows = 100, .columns = 200, .classes = 2});
  table.label_names.push_back("rare");
  for (int i = 0; i < 4; ++i) table.labels[10 * i] = 2;
  const Report report = train(table, {}).report;
  ASSERT_EQ(report.per_class.size(), 3U);
  EXPECT_EQ(report.per_class[2].support, 0);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("no held-out row belongs to rare")));
}

}  // namespace
}  // namespace vgg16
