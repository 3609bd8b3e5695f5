#include "learn/solve/svm.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <string>
#include <utility>

#include "learn/solve/lbfgs.h"
#include "learn/solve/softmax.h"

namespace vgg16 {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A linear system is solved until its residual would leave this share of the class's gap, or of the gap wanted, if the
/// set of active rows stayed as it is; and at most this share of the loss. With a large C the active rows are short of
/// the margin by very little, and a larger error would make about half of them inactive at random.
constexpr double kForcing = 1e-3;
constexpr double kShareOfWanted = 0.1;
constexpr double kShareOfLoss = 1e-5;
/// Of systems after a step that did not help: their solution was too inexact for the step to go downhill.
constexpr double kTighter = 1e-3;
constexpr double kTightest = 1e-9;
/// The first C is this divided by the mean squared length of the rows: there a fit is easy. On the way to a larger C
/// follow fits of this relative gap, by this factor apart.
constexpr double kFirst = 1;
constexpr double kRoughGap = 0.01;
constexpr double kStride = 10;
constexpr int kMaxSolverSteps = 1000;

std::vector<int64_t> positions_of(const std::vector<Segment>& segments) {
  std::vector<int64_t> positions;
  for (const Segment& s : segments) {
    for (int64_t i = s.first; i < s.first + s.count; ++i) positions.push_back(i);
  }
  return positions;
}

/// gap / (objective - gap), the optimum being at least objective - gap; infinity if nothing is proven.
double relative(double objective, double gap) {
  if (gap == 0) return 0;
  return objective > gap ? gap / (objective - gap) : std::numeric_limits<double>::infinity();
}

}  // namespace

SvmPath::SvmPath(const GramMatrix& k, std::vector<Segment> rows, std::vector<int> labels, int classes,
                 std::vector<double> weights, const SparseProducts& products, ThreadPool* pool)
    : k_(k),
      products_(products),
      pool_(pool),
      rows_(k, rows, products, pool),
      position_(positions_of(rows)),
      labels_(std::move(labels)),
      hinge_{static_cast<int>(score_columns(classes))},
      a_(MatrixXd::Zero(rows_.rows(), hinge_.columns)),
      scores_(a_),
      active_products_(pool == nullptr ? 1 : static_cast<size_t>(pool->size())) {
  weight_ = row_weights(labels_, weights);
}

template <class Body>
void SvmPath::share(size_t count, const Body& body) const {
  if (pool_ == nullptr || count == 1) {
    for (size_t i = 0; i < count; ++i) body(i, size_t{0});
    return;
  }
  for_each_checked(*pool_, static_cast<int64_t>(count),
                   [&](int64_t i, int member) { body(static_cast<size_t>(i), static_cast<size_t>(member)); });
}

Eigen::MatrixXd SvmPath::scores_of(const std::vector<Segment>& rows) const {
  MatrixXd scores;
  rows_.multiply(a_, rows, scores);
  return scores;
}

/// The dual objective at alpha >= 0 is sum(alpha) - 1/2 |X'(alpha y)|^2 - sum(alpha^2 / (4 C s)). alpha is y a where
/// that is not negative. On the other rows, where a step has gone too far, alpha is 0; with nu = max(0, -y a) the norm
/// then has one term more, nu' K nu, which is at most (sum of nu_i sqrt(K_ii))^2. The rest of the gap is a sum over the
/// rows, of which no term is negative: for a slack m = 1 - y f it is (sqrt(C s) m - alpha / (2 sqrt(C s)))^2 if m > 0,
/// otherwise -alpha m + alpha^2 / (4 C s). Nothing cancels, so the gap keeps its digits when it is small.
void SvmPath::measure(Index column, double c, Progress& progress) const {
  double penalty = 0;
  double loss = 0;
  double gap = 0;
  double beyond = 0;
  for (Index i = 0; i < a_.rows(); ++i) {
    const double y = hinge_.sign(labels_[static_cast<size_t>(i)], column);
    const double cs = c * weight_[i];
    const double m = 1.0 - y * scores_(i, column);
    const double signed_alpha = y * a_(i, column);
    const double alpha = std::max(0.0, signed_alpha);
    if (signed_alpha < 0) {
      const int64_t at = position_[static_cast<size_t>(i)];
      beyond -= signed_alpha * std::sqrt(k_.at(at, at));
    }
    penalty += a_(i, column) * scores_(i, column);
    if (m > 0) {
      loss += cs * m * m;
      const double off = std::sqrt(cs) * m - alpha / (2 * std::sqrt(cs));
      gap += off * off;
    } else {
      gap += alpha * (alpha / (4 * cs) - m);
    }
  }
  progress.objective = 0.5 * penalty + loss;
  progress.gap = gap + 0.5 * beyond * beyond;
}

/// Newton's step: solves (K_aa + 1 / (2 C s)) target = y on the active rows by conjugate gradients, from the present
/// coefficients. Returns the number of products with K_aa. If the active rows stayed the same, a residual r would leave
/// a gap of C * sum(s r^2), which decides when the solution is good enough.
int64_t SvmPath::newton_target(Index column, double c, double wanted, const Progress& progress,
                               std::vector<double>& active_products, Eigen::Ref<VectorXd> target) const {
  std::vector<Index> active;
  std::vector<int64_t> position;
  for (Index i = 0; i < a_.rows(); ++i) {
    if (hinge_.slack(scores_(i, column), labels_[static_cast<size_t>(i)], column) <= 0) continue;
    active.push_back(i);
    position.push_back(position_[static_cast<size_t>(i)]);
  }
  const auto n = std::ssize(active);
  target.setZero();
  if (n == 0) return 0;
  // A copy, contiguous, so that products stay in the cache.
  if (static_cast<int64_t>(active_products.size()) < n * n) {
    active_products = {};  // before the larger block is taken
    active_products.resize(static_cast<size_t>(n * n));
  }
  Eigen::Map<MatrixXd> k(active_products.data(), n, n);
  VectorXd x(n);
  VectorXd y(n);
  ArrayXd cs(n);
  for (Index j = 0; j < n; ++j) {
    const Index row = active[static_cast<size_t>(j)];
    const double* from = k_.row(position[static_cast<size_t>(j)]);
    for (Index i = 0; i < n; ++i) k(i, j) = from[position[static_cast<size_t>(i)]];
    x[j] = a_(row, column);
    y[j] = hinge_.sign(labels_[static_cast<size_t>(row)], column);
    cs[j] = c * weight_[row];
  }
  k.diagonal().array() += 0.5 / cs;
  const auto times = [&](const VectorXd& v, VectorXd& out) {
    out = VectorXd::Zero(n);
    products_.matrix_times_vectors(k.data(), n, n, n, v.data(), n, 1, out.data(), n);
  };
  VectorXd image;
  times(x, image);
  VectorXd left = y - image;
  VectorXd direction = left;
  double square = left.squaredNorm();
  double enough = std::max(kShareOfWanted * wanted, kForcing * std::min(progress.gap, progress.objective));
  // The loss at the solution is sum(a^2 / (4 C s)), of which the present coefficients give an estimate.
  if (const double loss = (x.array().square() / (4 * cs)).sum(); loss > 0)
    enough = std::min(enough, kShareOfLoss * loss);
  enough *= progress.tightness;
  int64_t products = 1;
  for (int i = 0; i < kMaxSolverSteps && (cs * left.array().square()).sum() > enough; ++i, ++products) {
    times(direction, image);
    const double energy = direction.dot(image);
    if (!(energy > 0)) break;
    const double step = square / energy;
    x += step * direction;
    left -= step * image;
    const double next = left.squaredNorm();
    direction = left + next / square * direction;
    square = next;
  }
  for (Index j = 0; j < n; ++j) target[active[static_cast<size_t>(j)]] = x[j];
  return products;
}

/// Goes from the present coefficients towards `target`, whose scores are `scores`, to the minimum on the line between
/// them: a full step solves the system of the active rows exactly.
void SvmPath::step_towards(Index column, double c, const VectorXd& target, const VectorXd& scores) {
  const VectorXd d = target - a_.col(column);
  const VectorXd df = scores - scores_.col(column);
  const double t =
      hinge_.step_length(labels_, column, c * weight_, scores_.col(column), df, d.dot(scores_.col(column)), d.dot(df));
  if (t == 1) {
    a_.col(column) = target;
    scores_.col(column) = scores;
  } else {
    a_.col(column) += t * d;
    scores_.col(column) += t * df;
  }
}

// The gradient by w and b is X' r and sum(r), with r = a - 2 C s y max(0, 1 - y f).
double SvmPath::squared_gradient_norm(double c) const {
  MatrixXd r = a_;
  for (Index j = 0; j < r.cols(); ++j) {
    for (Index i = 0; i < r.rows(); ++i) {
      const int label = labels_[static_cast<size_t>(i)];
      r(i, j) -= 2 * c * weight_[i] * hinge_.sign(label, j) * hinge_.slack(scores_(i, j), label, j);
    }
  }
  MatrixXd kr;
  rows_.multiply(r, rows_.segments(), kr);
  return std::max(0.0, r.cwiseProduct(kr).sum());
}

void SvmPath::start(double c, MatrixXd a) {
  a_ = std::move(a);
  rows_.multiply(a_, rows_.segments(), scores_);
  last_c_ = c;
}

FitCertificate SvmPath::advance(double c, const FitOptions& options) {
  double rough = kStride * last_c_;
  if (last_c_ == 0) {
    double size = 0;
    for (const int64_t i : position_) size += k_.at(i, i) / static_cast<double>(position_.size());
    rough = kFirst / size;  // not 0: the column of ones counts
  }
  for (; rough < 0.5 * c; rough *= kStride) fit(rough, {.relative_gap = kRoughGap, .on_step = options.on_step});
  last_c_ = c;
  return fit(c, options);
}

FitCertificate SvmPath::fit(double c, const FitOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  FitCertificate certificate;
  certificate.c = c;
  std::vector<Progress> progress(static_cast<size_t>(a_.cols()));
  std::vector<Index> open;
  const auto look = [&] {
    open.clear();
    for (Index j = 0; j < a_.cols(); ++j) {
      Progress& p = progress[static_cast<size_t>(j)];
      if (!p.done) {
        const Progress before = p;
        measure(j, c, p);
        const bool better = certificate.iterations == 0 || p.objective < before.objective || p.gap < before.gap;
        if (!better) p.tightness *= kTighter;
        p.stuck = p.tightness < kTightest || !std::isfinite(p.objective);
        p.done = p.stuck || relative(p.objective, p.gap) <= options.relative_gap;
      }
      if (!p.done) open.push_back(j);
    }
  };
  for (look(); !open.empty() && certificate.iterations < options.max_iterations; look()) {
    ++certificate.iterations;
    MatrixXd targets(a_.rows(), std::ssize(open));
    std::vector<int64_t> products(open.size());
    share(open.size(), [&](size_t i, size_t member) {
      const Progress& p = progress[static_cast<size_t>(open[i])];
      products[i] = newton_target(open[i], c, options.relative_gap * p.objective, p, active_products_[member],
                                  targets.col(static_cast<Index>(i)));
    });
    MatrixXd scores;
    rows_.multiply(targets, rows_.segments(), scores);
    double gap = 0;
    for (size_t i = 0; i < open.size(); ++i) {
      const auto column = static_cast<Index>(i);
      step_towards(open[i], c, targets.col(column), scores.col(column));
      certificate.products += static_cast<int>(products[i]);
      const Progress& p = progress[static_cast<size_t>(open[i])];
      gap = std::max(gap, relative(p.objective, p.gap));
    }
    if (options.on_step) options.on_step(certificate.iterations, gap);
  }
  for (std::vector<double>& products : active_products_) products = {};  // other folds may need the memory now
  bool stuck = false;
  for (const Progress& p : progress) {
    certificate.objective += p.objective;
    certificate.relative_gap = std::max(certificate.relative_gap, relative(p.objective, p.gap));
    stuck = stuck || p.stuck;
  }
  certificate.gradient_norm = std::sqrt(squared_gradient_norm(c));
  certificate.evaluations = certificate.iterations + 1;
  certificate.stop_reason = stop_reason_name(!open.empty() ? StopReason::kMaxIterations
                                             : stuck       ? StopReason::kNoProgress
                                                           : StopReason::kConverged);
  certificate.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return certificate;
}

}  // namespace vgg16
