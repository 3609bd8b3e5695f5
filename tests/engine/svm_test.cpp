// The linear SVM: its solver on inner products, its probabilities, the whole training by both routes.
#include "learn/solve/svm.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "learn/flow/calibration.h"
#include "learn/solve/softmax.h"
#include "support/expect_error.h"
#include "support/feature_data.h"
#include "support/temp_dir.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using testing::HasSubstr;

TrainOptions svm_options(std::vector<double> c = {1e-5, 1e-3, 0.1}) {
  TrainOptions options;
  options.classifier = ClassifierKind::kSvm;
  options.c = std::move(c);
  return options;
}

/// The objective of a trained SVM on the first rows of the table, in plain loops, and its gradient's squared norm.
std::pair<double, double> plain_objective(const FeatureTable& table, int64_t rows, const Classifier& model,
                                          const std::vector<double>& weights) {
  const auto k = static_cast<int64_t>(model.intercept.size());
  const int64_t d = table.columns;
  std::vector<double> gradient = model.coef;
  gradient.insert(gradient.end(), model.intercept.begin(), model.intercept.end());
  double value = 0;
  for (const double w : gradient) value += 0.5 * w * w;
  std::vector<float> row(static_cast<size_t>(d));
  for (int64_t r = 0; r < rows; ++r) {
    table.read_rows(r, 1, row.data());
    const int64_t label = table.labels[static_cast<size_t>(r)];
    const double c = model.c * (weights.empty() ? 1.0 : weights[static_cast<size_t>(label)]);
    for (int64_t j = 0; j < k; ++j) {
      double f = model.intercept[static_cast<size_t>(j)];
      for (int64_t i = 0; i < d; ++i) f += model.coef[static_cast<size_t>(j * d + i)] * row[static_cast<size_t>(i)];
      const double y = label == (k == 1 ? 1 : j) ? 1 : -1;
      const double m = std::max(0.0, 1 - y * f);
      value += c * m * m;
      for (int64_t i = 0; i < d; ++i)
        gradient[static_cast<size_t>(j * d + i)] -= 2 * c * m * y * row[static_cast<size_t>(i)];
      gradient[static_cast<size_t>(k * d + j)] -= 2 * c * m * y;
    }
  }
  double squared = 0;
  for (const double g : gradient) squared += g * g;
  return {value, squared};
}

class SvmTest : public testing::TestWithParam<std::tuple<Route, int>> {
 protected:
  [[nodiscard]] Route route() const { return std::get<0>(GetParam()); }
  [[nodiscard]] int classes() const { return std::get<1>(GetParam()); }
  [[nodiscard]] FeatureTable table(int64_t rows = 240) const {
    return sparse_classes({.rows = rows, .columns = 200, .classes = classes(), .zeros = 0.7, .separation = 0.3});
  }
};

TEST_P(SvmTest, EveryFitIsCertifiedAndTheModelHasTheObjectiveOfItsCertificate) {
  TrainOptions options = svm_options({0.1, 1e-5, 1e-3});  // in any order
  options.route = route();
  for (const char* weight : {"none", "class_0=3,class_1=0.5", "balanced"}) {
    SCOPED_TRACE(weight);
    options.class_weight = parse_class_weight(weight);
    const TrainResult result = train(table(), options);
    const Report& report = result.report;
    EXPECT_EQ(report.estimate.route, route());
    EXPECT_EQ(report.fits.size(), 10U);
    for (const FitCertificate& fit : report.fits) EXPECT_LE(fit.relative_gap, 1e-6) << fit.c << " " << fit.stop_reason;
    const FitCertificate& last = report.fits.back();
    const auto [value, squared] = plain_objective(table(), report.train_rows, result.classifier, report.class_weights);
    EXPECT_NEAR(last.objective, value, 1e-9 * value);
    EXPECT_NEAR(last.gradient_norm, std::sqrt(squared), 1e-4 * std::sqrt(2 * value));
    EXPECT_EQ(result.classifier.sigmoids.size(), result.classifier.intercept.size());
    std::vector<float> row(200);
    for (const HeldOutPrediction& p : report.predictions) {
      table().read_rows(p.row, 1, row.data());
      const std::vector<double> probability = result.classifier.predict_probabilities(row);
      EXPECT_NEAR(probability[static_cast<size_t>(p.predicted)], p.probability, 1e-7);
      EXPECT_EQ(std::max_element(probability.begin(), probability.end()) - probability.begin(), p.predicted);
    }
  }
}

TEST_P(SvmTest, TheModelFileIsTheSameBytesForAnyNumberOfThreadsAndComesBack) {
  const TempDir folder;
  TrainOptions options = svm_options();
  options.route = route();
  std::string first;
  for (const int threads : {1, 3}) {
    options.threads = threads;
    const Classifier model = train(table(), options).classifier;
    model.save(folder / "m.model", {.overwrite = true});
    std::ifstream file(folder / "m.model", std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (threads == 1) first = bytes;
    EXPECT_EQ(bytes, first) << threads << " threads";
    const Classifier back = Classifier::load(folder / "m.model");
    EXPECT_EQ(back.kind, ClassifierKind::kSvm);
    const std::vector<float> row(200, 1.0F);
    EXPECT_EQ(back.predict_probabilities(row), model.predict_probabilities(row));
  }
}

TEST_P(SvmTest, RowsReadAgainInEveryPassGiveTheSameModel) {
  if (route() == Route::kDual) GTEST_SKIP() << "the rows of the dual route are always in memory";
  const FeatureTable many = sparse_classes(
      {.rows = 30000, .columns = 100, .classes = classes(), .zeros = 0.5, .separation = 0.3, .in_turn = true});
  TrainOptions options = svm_options({1e-4});
  options.route = route();
  options.folds = 2;
  const TrainResult resident = train(many, options);
  EXPECT_TRUE(resident.report.estimate.rows_in_memory);
  for (int64_t megabytes = 70; megabytes < 200; ++megabytes) {
    options.memory_bytes = megabytes * 1'000'000;
    try {
      if (estimate_training(many, options).rows_in_memory) continue;
    } catch (const Error&) {
      continue;
    }
    const TrainResult again = train(many, options);
    EXPECT_FALSE(again.report.estimate.rows_in_memory);
    for (const FitCertificate& fit : again.report.fits) EXPECT_LE(fit.relative_gap, 1e-6);
    EXPECT_NEAR(again.report.fits.back().objective, resident.report.fits.back().objective,
                2e-6 * resident.report.fits.back().objective);
    return;
  }
  ADD_FAILURE() << "no limit with which rows are read again";
}

INSTANTIATE_TEST_SUITE_P(Routes, SvmTest,
                         testing::Combine(testing::Values(Route::kDual, Route::kPrimal), testing::Values(2, 4)));

TEST(Svm, OfManyRowsThatCannotBeSeparatedIsTheSameByBothRoutesForEveryC) {
  const FeatureTable table =
      sparse_classes({.rows = 900, .columns = 40, .classes = 3, .zeros = 0.5, .separation = 0.1});
  TrainOptions options = svm_options({100, 1e-5, 0.1, 1e4});
  options.route = Route::kDual;
  const Report dual = train(table, options).report;
  options.route = Route::kPrimal;
  const Report primal = train(table, options).report;
  ASSERT_EQ(primal.fits.size(), dual.fits.size());
  for (size_t i = 0; i < dual.fits.size(); ++i) {
    EXPECT_EQ(primal.fits[i].c, dual.fits[i].c);
    EXPECT_EQ(primal.fits[i].fold, dual.fits[i].fold);
    EXPECT_LE(primal.fits[i].relative_gap, 1e-6) << primal.fits[i].c << ' ' << primal.fits[i].stop_reason;
    EXPECT_NEAR(primal.fits[i].objective, dual.fits[i].objective, 2e-6 * dual.fits[i].objective) << dual.fits[i].c;
  }
  for (size_t i = 0; i < dual.predictions.size(); ++i) {
    EXPECT_EQ(primal.predictions[i].predicted, dual.predictions[i].predicted) << i;
  }
}

TEST(Svm, HasOneSolverAndSaysWhenTheMarginIsHard) {
  const FeatureTable table = sparse_classes({.rows = 120, .columns = 700});
  TrainOptions options = svm_options({1, 1e4});
  EXPECT_THAT(train(table, options).report.notes,
              testing::Contains(HasSubstr("the SVM is the same for every C from 1 to 10000")));
  options.solver = Solver::kLbfgs;
  EXPECT_THAT(refusal([&] { static_cast<void>(train(table, options)); }, ErrorCode::kInvalidArgument),
              HasSubstr("only logistic regression has a choice of solvers"));
}

TEST(FitSigmoids, MinimiseTheLikelihoodOfPlattsTargets) {
  ThreadPool pool(2);
  std::mt19937_64 random(3);
  for (const double size : {1e-3, 1.0, 1e6}) {
    MatrixXd scores(60, 1);
    std::vector<int> labels;
    double own = 0;
    for (int i = 0; i < 60; ++i) {
      labels.push_back(random() % 3 == 0 ? 1 : 0);
      own += labels.back();
      scores(i, 0) = size * (2 * next_uniform(random) - 1 + labels.back());
    }
    const Sigmoid found = fit_sigmoids(scores, labels, {}, pool)[0];
    const double high = (own + 1) / (own + 2);
    const double low = 1 / (60 - own + 2);
    double by_a = 0;
    double by_b = 0;
    for (int i = 0; i < 60; ++i) {
      const double p = 1 / (1 + std::exp(found.a * scores(i, 0) + found.b));
      by_a += (p - (labels[static_cast<size_t>(i)] == 1 ? high : low)) * scores(i, 0) / size;
      by_b += p - (labels[static_cast<size_t>(i)] == 1 ? high : low);
    }
    EXPECT_NEAR(by_a, 0, 1e-8);
    EXPECT_NEAR(by_b, 0, 1e-8);
    EXPECT_LT(found.a, 0);
  }
  // Scores without information: everyone's probability is about the class's share.
  const Sigmoid flat = fit_sigmoids(MatrixXd::Zero(4, 1), std::vector<int>{1, 0, 0, 0}, {}, pool)[0];
  EXPECT_NEAR(1 / (1 + std::exp(flat.b)), (2.0 / 3 + 3 * 0.2) / 4, 1e-9);
}

TEST(CalibratedScores, HaveTheSoftmaxThatTheProbabilitiesHaveAndDoNotOverflow) {
  MatrixXd scores(2, 3);
  scores << 0.3, -1, 2, 1e6, 2e6, 1e5;
  const std::vector<Sigmoid> sigmoids = {{-1, 0.5}, {-2, 0}, {-0.5, 1}};
  const MatrixXd p = probabilities(calibrated_scores(scores, sigmoids));
  VectorXd expected(3);
  for (int j = 0; j < 3; ++j) {
    expected[j] =
        1 / (1 + std::exp(sigmoids[static_cast<size_t>(j)].a * scores(0, j) + sigmoids[static_cast<size_t>(j)].b));
  }
  EXPECT_LT((p.row(0).transpose() - expected / expected.sum()).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_TRUE(p.allFinite());
  EXPECT_NEAR(p.row(1).sum(), 1, 1e-15);
  EXPECT_NEAR(p(1, 0), 1.0 / 3, 1e-15);
}

}  // namespace
}  // namespace vgg16
