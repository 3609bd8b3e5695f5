#include "learn/solve/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "support/feature_data.h"

namespace vgg16 {
namespace {

Eigen::MatrixXd random_scores(int64_t rows, int64_t columns, double size, uint64_t seed) {
  std::mt19937_64 random(seed);
  Eigen::MatrixXd scores(rows, columns);
  for (Eigen::Index i = 0; i < scores.size(); ++i) scores.data()[i] = size * (next_uniform(random) - 0.5);
  return scores;
}

std::vector<int> cyclic_labels(int64_t rows, int classes) {
  std::vector<int> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<int>((i * i + i) % classes));
  for (int c = 0; c < classes; ++c) labels[static_cast<size_t>(c)] = c;
  return labels;
}

/// The summed loss by the textbook formula.
double plain_loss(const Eigen::MatrixXd& scores, const Eigen::VectorXd& b, const std::vector<int>& labels) {
  const Eigen::MatrixXd p = probabilities(scores.rowwise() + b.transpose());
  double loss = 0;
  for (Eigen::Index i = 0; i < p.rows(); ++i) loss -= std::log(p(i, labels[static_cast<size_t>(i)]));
  return loss;
}

class LogLossTest : public testing::TestWithParam<int> {};

TEST_P(LogLossTest, ResidualIsTheDerivativeByCentralDifferences) {
  const int classes = GetParam();
  LogLoss loss(cyclic_labels(40, classes), classes);
  const Eigen::MatrixXd scores = random_scores(40, loss.columns(), 6, 3);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(loss.columns());
  Eigen::MatrixXd residual;
  loss.evaluate(scores, b, residual);
  for (Eigen::Index i = 0; i < scores.rows(); i += 3) {
    for (Eigen::Index c = 0; c < scores.cols(); ++c) {
      // The intercept is optimal at every point, so by the envelope theorem the total derivative equals the partial
      // one.
      constexpr double kStep = 1e-5;
      Eigen::MatrixXd up = scores;
      Eigen::MatrixXd down = scores;
      up(i, c) += kStep;
      down(i, c) -= kStep;
      Eigen::MatrixXd unused;
      Eigen::VectorXd b_up = b;
      Eigen::VectorXd b_down = b;
      const double slope = (loss.evaluate(up, b_up, unused) - loss.evaluate(down, b_down, unused)) / (2 * kStep);
      EXPECT_NEAR(residual(i, c), slope, 1e-8);
    }
  }
}

TEST_P(LogLossTest, InterceptIsAtItsMinimumFromAnyStart) {
  const int classes = GetParam();
  const std::vector<int> labels = cyclic_labels(60, classes);
  LogLoss loss(labels, classes);
  const Eigen::MatrixXd scores = random_scores(60, loss.columns(), 20, 4);
  for (const double start : {0.0, 30.0, -500.0}) {
    Eigen::VectorXd b = Eigen::VectorXd::Zero(loss.columns());
    b[0] = start;
    if (classes > 2) b[1] = -start;
    Eigen::MatrixXd residual;
    const double value = loss.evaluate(scores, b, residual);
    EXPECT_LE(residual.colwise().sum().cwiseAbs().maxCoeff(), 1e-10 * residual.cwiseAbs().sum()) << "start " << start;
    EXPECT_NEAR(value, plain_loss(scores, b, labels), 1e-9 * value);
    if (classes > 2) {
      EXPECT_NEAR(b.sum(), 0, 1e-9) << "a common shift is not needed";
    }
    for (Eigen::Index c = 0; c < b.size(); ++c) {
      Eigen::VectorXd moved = b;
      moved[c] += 0.01;
      EXPECT_GT(plain_loss(scores, moved, labels), value);
      moved[c] -= 0.02;
      EXPECT_GT(plain_loss(scores, moved, labels), value);
    }
  }
}

TEST_P(LogLossTest, KeepsTheDigitsOfRowsThatAreAllButCertain) {
  const int classes = GetParam();
  LogLoss loss(cyclic_labels(30, classes), classes);
  Eigen::MatrixXd scores = Eigen::MatrixXd::Zero(30, loss.columns());
  for (Eigen::Index i = 0; i < 30; ++i) {
    const int own = loss.labels()[static_cast<size_t>(i)];
    if (classes > 2) scores(i, own) = 50;
    if (classes == 2) scores(i, 0) = own == 1 ? 50 : -50;
  }
  Eigen::VectorXd b = Eigen::VectorXd::Zero(loss.columns());
  Eigen::MatrixXd residual;
  const double value = loss.evaluate(scores, b, residual);
  EXPECT_GT(value, 0) << "far below one rounding of 1, yet not nothing";
  EXPECT_LT(value, 1e-18);
  EXPECT_TRUE((residual.array() != 0).all());
}

INSTANTIATE_TEST_SUITE_P(Classes, LogLossTest, testing::Values(2, 3, 5));

class ClassCurvatureTest : public testing::TestWithParam<int> {};

TEST_P(ClassCurvatureTest, SolvesTheSystemOfTheSecondDerivative) {
  const int classes = GetParam();
  // Magnitudes of scores: small ones (uncertain rows) and large ones (nearly certain rows).
  for (const double size : {2.0, 60.0}) {
    SCOPED_TRACE(size);
    std::vector<double> weights;
    for (int c = 0; c < classes; ++c) weights.push_back(0.5 + c % 3);
    LogLoss loss(cyclic_labels(3 * classes, classes), classes, nullptr, weights);
    Eigen::MatrixXd scores = random_scores(3 * classes, classes, size, 5);
    Eigen::VectorXd b = Eigen::VectorXd::Zero(classes);
    Eigen::MatrixXd residual;
    loss.evaluate(scores, b, residual);
    const Eigen::MatrixXd p = probabilities(scores.rowwise() + b.transpose());
    const Eigen::MatrixXd weighted = p.array().colwise() * row_weights(loss.labels(), weights);
    Eigen::MatrixXd curvature = -(p.transpose() * weighted);
    curvature.diagonal() += weighted.colwise().sum();
    Eigen::VectorXd right = curvature * random_scores(classes, 1, 2, 6);
    const Eigen::VectorXd x = ClassCurvature(residual, loss.labels(), weights).solve(right);
    EXPECT_LE((curvature * x - right).norm(), 1e-5 * right.norm());
  }
}

INSTANTIATE_TEST_SUITE_P(Classes, ClassCurvatureTest, testing::Values(3, 20, 150));

TEST(LogLoss, OfManyClassesIsTheSameBitsWithThreads) {
  constexpr int kClasses = 300;
  const std::vector<int> labels = cyclic_labels(700, kClasses);
  const Eigen::MatrixXd scores = random_scores(700, kClasses, 20, 7);
  ThreadPool pool(3);
  LogLoss alone(labels, kClasses);
  LogLoss shared(labels, kClasses, &pool);
  Eigen::VectorXd b_alone = Eigen::VectorXd::Zero(kClasses);
  Eigen::VectorXd b_shared = b_alone;
  Eigen::MatrixXd r_alone;
  Eigen::MatrixXd r_shared;
  const double value = alone.evaluate(scores, b_alone, r_alone);
  EXPECT_EQ(value, shared.evaluate(scores, b_shared, r_shared));
  EXPECT_EQ(b_alone, b_shared);
  EXPECT_EQ(r_alone, r_shared);
  EXPECT_NEAR(value, plain_loss(scores, b_alone, labels), 1e-12 * value);
  EXPECT_LE(r_alone.colwise().sum().cwiseAbs().maxCoeff(), 1e-10 * r_alone.cwiseAbs().sum());
}

TEST(LogLoss, OfManyClassesEndsEarlyWhereLittleIsLeftToGain) {
  constexpr int kClasses = 100;
  const std::vector<int> labels = cyclic_labels(300, kClasses);
  const Eigen::MatrixXd scores = random_scores(300, kClasses, 20, 8);
  LogLoss loss(labels, kClasses);
  Eigen::MatrixXd residual;
  Eigen::VectorXd exact = Eigen::VectorXd::Zero(kClasses);
  const double least = loss.evaluate(scores, exact, residual);
  for (const double unsettled : {1.0, 1e-3, 1e-6}) {
    Eigen::VectorXd b = Eigen::VectorXd::Zero(kClasses);
    const double value = loss.evaluate(scores, b, residual, unsettled);
    EXPECT_GT(value, least) << unsettled;
    EXPECT_LE(value, least + unsettled);
    EXPECT_NEAR(value, plain_loss(scores, b, labels), 1e-12 * value);
  }
}

TEST(Probabilities, SumToOneAndSurviveLargeScores) {
  for (const int columns : {1, 3}) {
    Eigen::MatrixXd scores = random_scores(20, columns, 10, 9);
    scores(0, 0) = 1e6;
    scores(1, 0) = -1e6;
    const Eigen::MatrixXd p = probabilities(scores);
    EXPECT_TRUE(p.allFinite());
    for (Eigen::Index i = 0; i < 20; ++i) EXPECT_NEAR(p.row(i).sum(), 1.0, 1e-14);
  }
}

}  // namespace
}  // namespace vgg16
