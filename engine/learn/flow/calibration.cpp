#include "learn/flow/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "learn/matrix/rows.h"

namespace vgg16 {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kMaxHalvings = 40;
/// Added to the Hessian, as in the paper: it is singular if all scores are equal.
constexpr double kRidge = 1e-12;
/// The search ends when the gradient is this share of the sum of the weights.
constexpr double kSolved = 1e-12;

/// log(1 + exp(x)), without overflow and without losing small values.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double calibrated(double score, const Sigmoid& sigmoid, bool alone) {
  const double against = sigmoid.a * score + sigmoid.b;  // log-odds against the class
  return alone ? -against : -softplus(against);
}

/// The negative log likelihood of targets t (a probability of the class) with weights s, as a function of a and b.
struct Likelihood {
  Eigen::ArrayXd f;
  Eigen::ArrayXd t;
  Eigen::ArrayXd s;

  [[nodiscard]] double at(const Sigmoid& x) const {
    double sum = 0;
    for (Eigen::Index i = 0; i < f.size(); ++i) {
      const double z = x.a * f[i] + x.b;
      sum += s[i] * (t[i] * z + softplus(-z));
    }
    return sum;
  }
};

Sigmoid minimise(const Likelihood& likelihood, Sigmoid x) {
  const double total = likelihood.s.sum();
  double value = likelihood.at(x);
  for (int step = 0; step < kMaxSteps; ++step) {
    double ga = 0;
    double gb = 0;
    double haa = kRidge;
    double hbb = kRidge;
    double hab = 0;
    for (Eigen::Index i = 0; i < likelihood.f.size(); ++i) {
      const double f = likelihood.f[i];
      const double z = x.a * f + x.b;
      const double e = std::exp(-std::abs(z));
      const double p = (z >= 0 ? e : 1.0) / (1.0 + e);
      const double slope = likelihood.s[i] * (likelihood.t[i] - p);
      const double bend = likelihood.s[i] * e / ((1.0 + e) * (1.0 + e));
      ga += slope * f;
      gb += slope;
      haa += bend * f * f;
      hab += bend * f;
      hbb += bend;
    }
    if (!(std::max(std::abs(ga), std::abs(gb)) > kSolved * total)) break;
    const double determinant = haa * hbb - hab * hab;
    const double da = (hab * gb - hbb * ga) / determinant;
    const double db = (hab * ga - haa * gb) / determinant;
    const double along = ga * da + gb * db;
    bool accepted = false;
    for (double t = 1; !accepted && t > std::ldexp(1.0, -kMaxHalvings); t *= 0.5) {
      const Sigmoid trial = {x.a + t * da, x.b + t * db};
      const double there = likelihood.at(trial);
      accepted = there < value + 1e-4 * t * along;
      if (accepted) {
        x = trial;
        value = there;
      }
    }
    if (!accepted) break;
  }
  return x;
}

Sigmoid fit_sigmoid(const Eigen::ArrayXd& scores, std::span<const int> labels, int label,
                    const std::vector<double>& weights) {
  const Eigen::Index n = scores.size();
  Likelihood likelihood = {scores, Eigen::ArrayXd(n), Eigen::ArrayXd::Ones(n)};
  double own = 0;
  double others = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const int row_label = labels[static_cast<size_t>(i)];
    if (!weights.empty()) likelihood.s[i] = weights[static_cast<size_t>(row_label)];
    (row_label == label ? own : others) += likelihood.s[i];
  }
  for (Eigen::Index i = 0; i < n; ++i) {
    likelihood.t[i] = labels[static_cast<size_t>(i)] == label ? (own + 1) / (own + 2) : 1 / (others + 2);
  }
  // Scores of size 1, so that the Hessian is not badly scaled.
  const double size = n == 0 ? 0.0 : scores.abs().maxCoeff();
  if (size > 0) likelihood.f /= size;
  Sigmoid found = minimise(likelihood, {0, std::log((others + 1) / (own + 1))});
  if (size > 0) found.a /= size;
  return found;
}

}  // namespace

std::vector<Sigmoid> fit_sigmoids(const Eigen::MatrixXd& scores, std::span<const int> labels,
                                  const std::vector<double>& weights, ThreadPool& pool) {
  std::vector<Sigmoid> sigmoids(static_cast<size_t>(scores.cols()));
  for_each_checked(pool, scores.cols(), [&](int64_t j, int /*member*/) {
    sigmoids[static_cast<size_t>(j)] =
        fit_sigmoid(scores.col(j), labels, scores.cols() == 1 ? 1 : static_cast<int>(j), weights);
  });
  return sigmoids;
}

Eigen::MatrixXd calibrated_scores(const Eigen::MatrixXd& scores, std::span<const Sigmoid> sigmoids) {
  Eigen::MatrixXd out(scores.rows(), scores.cols());
  for (Eigen::Index j = 0; j < scores.cols(); ++j) {
    for (Eigen::Index i = 0; i < scores.rows(); ++i) {
      out(i, j) = calibrated(scores(i, j), sigmoids[static_cast<size_t>(j)], scores.cols() == 1);
    }
  }
  return out;
}

void calibrate_row(std::span<double> scores, std::span<const Sigmoid> sigmoids) {
  for (size_t j = 0; j < scores.size(); ++j) scores[j] = calibrated(scores[j], sigmoids[j], scores.size() == 1);
}

}  // namespace vgg16
