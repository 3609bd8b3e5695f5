#include "learn/solve/newton.h"
#include "learn/solve/row_space_lbfgs.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "learn/solve/convergence.h"
#include "learn/solve/fit.h"
#include "support/feature_data.h"

namespace vgg16 {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd random_matrix(int64_t rows, int64_t columns, uint64_t seed) {
  std::mt19937_64 random(seed);
  MatrixXd m(rows, columns);
  for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = next_uniform(random) - 0.5;
  return m;
}

/// K of a small table, and the rows of a fold that leaves out the middle.
class RowSpaceTest : public testing::TestWithParam<int> {
 protected:
  static constexpr int64_t kRows = 90;

  RowSpaceTest()
      : pool_(2),
        table_(sparse_classes({.rows = kRows, .columns = 300, .classes = GetParam(), .separation = 0.4})),
        k_(gram_of(table_, pool_)),
        operator_(k_, {{0, 30}, {50, 40}}, best_sparse_products(), nullptr),
        loss_(kept_labels(table_), GetParam()) {}

  static GramMatrix gram_of(const FeatureTable& table, ThreadPool& pool) {
    std::vector<int64_t> order(kRows);
    std::iota(order.begin(), order.end(), 0);
    return gram_matrix(SparseRows::read(table, order, pool, {}), kRows, best_sparse_products(), pool, {});
  }
  static std::vector<int> kept_labels(const FeatureTable& table) {
    std::vector<int> labels;
    for (int64_t r = 0; r < kRows; ++r) {
      if (r < 30 || r >= 50) labels.push_back(static_cast<int>(table.labels[r]));
    }
    return labels;
  }
  /// (I - J) K (I - J) by plain matrix algebra.
  [[nodiscard]] MatrixXd centred() const {
    MatrixXd k(70, 70);
    const auto position = [](Eigen::Index i) { return i < 30 ? i : i + 20; };
    for (Eigen::Index i = 0; i < 70; ++i) {
      for (Eigen::Index j = 0; j < 70; ++j) k(i, j) = k_.at(position(i), position(j));
    }
    const MatrixXd c = MatrixXd::Identity(70, 70) - MatrixXd::Constant(70, 70, 1.0 / 70);
    return c * k * c;
  }

  [[nodiscard]] RowSpacePoint point_at(const MatrixXd& a, double intercept) const {
    RowSpacePoint point{a.rowwise() - a.colwise().mean(), {}, VectorXd::Constant(loss_.columns(), intercept)};
    operator_.apply(point.a, point.scores);
    return point;
  }

  ThreadPool pool_;
  FeatureTable table_;
  GramMatrix k_;
  RowSpaceOperator operator_;
  LogLoss loss_;
};

TEST_P(RowSpaceTest, ApplyIsTheCentredProductWithOrWithoutThreads) {
  const MatrixXd v = random_matrix(70, 4, 2);
  MatrixXd out;
  operator_.apply(v, out);
  EXPECT_LE((out - centred() * v).cwiseAbs().maxCoeff(), 1e-9 * out.cwiseAbs().maxCoeff());
  const RowSpaceOperator threaded(k_, operator_.segments(), best_sparse_products(), &pool_);
  MatrixXd again;
  threaded.apply(v, again);
  EXPECT_EQ(out, again);
}

TEST_P(RowSpaceTest, ScoresOfOtherRowsShareTheOrigin) {
  // For the training rows passed as if they were new rows, the operator gives the same scores.
  const MatrixXd v = random_matrix(70, 2, 3);
  MatrixXd out;
  operator_.apply(v, out);
  const MatrixXd others = operator_.apply_to_others(v, operator_.segments());
  EXPECT_LE((out - others).cwiseAbs().maxCoeff(), 1e-9 * out.cwiseAbs().maxCoeff());
}

TEST_P(RowSpaceTest, SubmatrixTakesRowsAcrossSegments) {
  const std::vector<Eigen::Index> chosen = {0, 29, 30, 69};
  const Eigen::MatrixXf m = operator_.submatrix(chosen);
  const int64_t position[] = {0, 29, 50, 89};
  for (Eigen::Index i = 0; i < 4; ++i) {
    for (Eigen::Index j = 0; j < 4; ++j) EXPECT_EQ(m(i, j), static_cast<float>(k_.at(position[i], position[j])));
  }
  const Eigen::MatrixXf v = random_matrix(4, 3, 5).cast<float>();
  Eigen::MatrixXf out;
  operator_.multiply_chosen(m, v, out);
  EXPECT_LE((out - m * v).cwiseAbs().maxCoeff(), 1e-5F * out.cwiseAbs().maxCoeff());
}

TEST_P(RowSpaceTest, GradientMatchesCentralDifferences) {
  RowSpaceProblem problem(operator_, loss_, 0.01, 1e-9);
  RowSpaceProblem::Vector x = problem.zero();
  x.a = 1e-3 * random_matrix(70, loss_.columns(), 6);
  operator_.apply(x.a, x.ka);
  RowSpaceProblem::Vector gradient;
  problem.evaluate(x, gradient);
  for (uint64_t seed = 7; seed < 12; ++seed) {
    RowSpaceProblem::Vector d{1e-3 * random_matrix(70, loss_.columns(), seed), {}};
    operator_.apply(d.a, d.ka);
    RowSpaceProblem::Vector up = x;
    RowSpaceProblem::Vector down = x;
    problem.add_scaled(1e-4, d, up);
    problem.add_scaled(-1e-4, d, down);
    RowSpaceProblem::Vector unused;
    const double difference = (problem.evaluate(up, unused) - problem.evaluate(down, unused)) / 2e-4;
    EXPECT_NEAR(problem.slope(x, gradient, d), difference, 1e-7 * std::abs(difference) + 1e-9);
  }
}

TEST_P(RowSpaceTest, NewtonAndLbfgsFindTheSameOptimumForEveryCFromAnyStart) {
  for (const double c : {1e-5, 1e-3, 0.1, 10.0, 1e4}) {
    SCOPED_TRACE(c);
    RowSpaceProblem problem(operator_, loss_, c, 1e-9);
    LbfgsOptions options;
    options.max_iterations = 20000;
    const auto lbfgs = minimize_lbfgs(problem, problem.zero(), options);
    EXPECT_EQ(lbfgs.reason, StopReason::kConverged);
    const RowSpacePoint cold = point_at(MatrixXd::Zero(70, loss_.columns()), 0.0);
    const RowSpacePoint wild = point_at(random_matrix(70, loss_.columns(), 8), 1.0);
    RegularizationPath path(operator_, loss_);
    EXPECT_LE(path.advance(c, {.relative_gap = 0.1}).relative_gap, 0.1);
    for (const RowSpacePoint& start : {path.at(), cold, wild}) {
      const NewtonResult newton = minimize_newton(operator_, loss_, c, {&start, 1}, {.relative_gap = 1e-9});
      EXPECT_EQ(newton.reason, StopReason::kConverged);
      EXPECT_LE(newton.iterations, 40);
      EXPECT_NEAR(newton.objective, lbfgs.objective, 2e-9 * lbfgs.objective);
      EXPECT_LE((newton.at.a - lbfgs.x.a).cwiseAbs().maxCoeff(), 1e-3 * lbfgs.x.a.cwiseAbs().maxCoeff());
    }
  }
}

TEST_P(RowSpaceTest, TheCertificateHoldsForScoresComputedAfresh) {
  RegularizationPath path(operator_, loss_);
  for (const double c : {1e-4, 1e-2, 0.3}) static_cast<void>(path.advance(c, {}));
  const FitCertificate certificate = path.advance(1.0, {});
  const RowSpacePoint fit = path.at();
  MatrixXd ka;
  operator_.apply(fit.a, ka);
  VectorXd intercept = fit.intercept;
  MatrixXd residual;
  const double value = 0.5 * fit.a.cwiseProduct(ka).sum() + loss_.evaluate(ka, intercept, residual);
  MatrixXd k_gradient;
  const MatrixXd gradient = fit.a + residual;
  operator_.apply(gradient, k_gradient);
  EXPECT_NEAR(value, certificate.objective, 1e-12 * value);
  EXPECT_NEAR(relative_gap(value, gradient.cwiseProduct(k_gradient).sum()), certificate.relative_gap, 1e-9);
  EXPECT_LE(certificate.relative_gap, 1e-6);
  EXPECT_LE((intercept - fit.intercept).cwiseAbs().maxCoeff(), 1e-6);
}

TEST_P(RowSpaceTest, EveryStepIsReported) {
  int steps = 0;
  const RowSpacePoint start = point_at(MatrixXd::Zero(70, loss_.columns()), 0.0);
  const auto on_step = [&](int count, double gap) {
    EXPECT_EQ(count, ++steps);
    EXPECT_GT(gap, 1e-6);
  };
  const NewtonResult newton = minimize_newton(operator_, loss_, 1e-3, {&start, 1}, {.on_step = on_step});
  EXPECT_GT(steps, 0);
  EXPECT_EQ(steps, newton.products);
}

TEST_P(RowSpaceTest, AFitThatRunsOutOfStepsSaysSo) {
  RegularizationPath path(operator_, loss_);
  const FitCertificate certificate = path.advance(10.0, {.relative_gap = 1e-12, .max_iterations = 1});
  EXPECT_EQ(certificate.stop_reason, "out of iterations");
  EXPECT_GT(certificate.relative_gap, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Classes, RowSpaceTest, testing::Values(2, 3, 6));

TEST(RelativeGap, IsInfiniteWhereNothingIsProven) {
  EXPECT_EQ(relative_gap(1.0, 0.0), 0);
  EXPECT_NEAR(relative_gap(1.0, 0.2), 0.1 / 0.9, 1e-15);
  EXPECT_TRUE(std::isinf(relative_gap(1.0, 2.0)));
}

}  // namespace
}  // namespace vgg16
