#include "learn/solve/lbfgs.h"

#include <gtest/gtest.h>

namespace vgg16 {
namespace {

using Numbers = std::vector<double>;

TEST(Lbfgs, SolvesAQuadraticOfKnownMinimum) {
  // 1/2 sum d_i (x_i - i)^2 with condition 1e4.
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double d = std::pow(10.0, 4.0 * static_cast<double>(i) / static_cast<double>(x.size() - 1));
      const double e = x[i] - static_cast<double>(i);
      value += 0.5 * d * e * e;
      g[i] = d * e;
    }
    return value;
  };
  const auto m = minimize_lbfgs(f, Numbers(30, 0.0), {});
  EXPECT_EQ(m.reason, StopReason::kConverged);
  EXPECT_LE(m.gradient_norm, 1e-8);
  for (size_t i = 0; i < 30; ++i) EXPECT_NEAR(m.x[i], static_cast<double>(i), 1e-8);
  EXPECT_GE(m.evaluations, m.iterations);
}

TEST(Lbfgs, SolvesRosenbrockInManyDimensions) {
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    std::fill(g.begin(), g.end(), 0.0);
    double value = 0;
    for (size_t i = 0; i + 1 < x.size(); ++i) {
      const double a = x[i + 1] - x[i] * x[i];
      const double b = 1 - x[i];
      value += 100 * a * a + b * b;
      g[i] += -400 * a * x[i] - 2 * b;
      g[i + 1] += 200 * a;
    }
    return value;
  };
  Numbers start;
  for (int i = 0; i < 20; ++i) start.push_back(i % 2 == 0 ? -1.2 : 1.0);
  const auto m = minimize_lbfgs(f, start, {});
  EXPECT_EQ(m.reason, StopReason::kConverged);
  for (const double x : m.x) EXPECT_NEAR(x, 1.0, 1e-7);
}

TEST(Lbfgs, SolvesBeale) {
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    const double a = 1.5 - x[0] * (1 - x[1]);
    const double b = 2.25 - x[0] * (1 - x[1] * x[1]);
    const double c = 2.625 - x[0] * (1 - x[1] * x[1] * x[1]);
    g[0] = -2 * (a * (1 - x[1]) + b * (1 - x[1] * x[1]) + c * (1 - x[1] * x[1] * x[1]));
    g[1] = 2 * x[0] * (a + 2 * b * x[1] + 3 * c * x[1] * x[1]);
    return a * a + b * b + c * c;
  };
  const auto m = minimize_lbfgs(f, {1.0, 1.0}, {});
  EXPECT_EQ(m.reason, StopReason::kConverged);
  EXPECT_NEAR(m.x[0], 3.0, 1e-7);
  EXPECT_NEAR(m.x[1], 0.5, 1e-7);
}

TEST(Lbfgs, SolvesAConvexFunctionThatIsNotQuadratic) {
  // sum of log(1 + exp(a_i x)) - x/2 ...: minimum of log(2 cosh(x - 1)) summed is at 1.
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double e = x[i] - 1;
      value += std::abs(e) + std::log1p(std::exp(-2 * std::abs(e)));
      g[i] = std::tanh(e);
    }
    return value;
  };
  const auto m = minimize_lbfgs(f, Numbers(5, 40.0), {});
  EXPECT_EQ(m.reason, StopReason::kConverged);
  for (const double x : m.x) EXPECT_NEAR(x, 1.0, 1e-8);
}

TEST(Lbfgs, TellsOutOfStepsFromConverged) {
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    g[0] = 2 * x[0];
    g[1] = 200 * x[1];
    return x[0] * x[0] + 100 * x[1] * x[1];
  };
  LbfgsOptions options;
  options.max_iterations = 2;
  const auto m = minimize_lbfgs(f, {50.0, 1.0}, options);
  EXPECT_EQ(m.reason, StopReason::kMaxIterations);
  EXPECT_EQ(m.iterations, 2);
  options.max_iterations = 0;
  EXPECT_EQ(minimize_lbfgs(f, {50.0, 1.0}, options).iterations, 0);
}

TEST(Lbfgs, StopsWhereNothingCanBeGained) {
  // A kink: no point has a small gradient, and below some step nothing improves.
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    g[0] = x[0] >= 0 ? 1.0 : -1.0;
    return std::abs(x[0]);
  };
  const auto m = minimize_lbfgs(f, {0.3}, {});
  EXPECT_EQ(m.reason, StopReason::kNoProgress);
  EXPECT_LE(m.objective, 0.3);
}

TEST(Lbfgs, StartingAtTheMinimumTakesNoStep) {
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    g[0] = 2 * x[0];
    return x[0] * x[0];
  };
  const auto m = minimize_lbfgs(f, {0.0}, {});
  EXPECT_EQ(m.reason, StopReason::kConverged);
  EXPECT_EQ(m.iterations, 0);
  EXPECT_EQ(m.evaluations, 1);
}

TEST(Lbfgs, SurvivesAFunctionThatIsNotFiniteBeyondABound) {
  // -log(1 - x) + ... has no value beyond 1: the search must come back from there.
  const PlainObjective f = [](const Numbers& x, Numbers& g) {
    g[0] = 1 / (1 - x[0]) - 5;
    return -std::log(1 - x[0]) - 5 * x[0];
  };
  const auto m = minimize_lbfgs(f, {-30.0}, {});
  EXPECT_EQ(m.reason, StopReason::kConverged);
  EXPECT_NEAR(m.x[0], 0.8, 1e-8);
}

}  // namespace
}  // namespace vgg16
