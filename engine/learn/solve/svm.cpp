#include "learn/solve/svm.h"

#include <algorithm>
#include <chrono>
#include <cmath>
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

/// If a step leaves more than this share of the gap, or float32 this share of a residual, the class's further systems
/// are careful.
constexpr double kSlow = 0.5;
/// Of careful systems after a step that did not help: their solution was too inexact for the step to go downhill.
constexpr double kTighter = 1e-3;
constexpr double kTightest = 1e-9;
/// The first C is this divided by the mean squared length of the rows: there a fit is easy. On the way to a larger C
/// follow fits of this relative gap, by this factor apart.
constexpr double kFirst = 1;
constexpr double kRoughGap = 0.3;
constexpr double kStride = 30;

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
      diagonal_(rows_.diagonal()),
      size_(diagonal_.mean()),
      scratch_(pool == nullptr ? 1 : static_cast<size_t>(pool->size())) {
  weight_ = row_weights(labels_, weights);
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
    if (signed_alpha < 0) beyond -= signed_alpha * std::sqrt(diagonal_[i]);
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

/// Takes a step, whose scores are `df`, up to the minimum on the line: a full step solves the system of the active
/// rows.
void SvmPath::take(const Group& group, const System& s, double c, const VectorXd& df, Progress& progress) {
  const auto f = scores_.col(s.column);
  const double t = hinge_.step_length(labels_, s.column, c * weight_, f, df, s.step.dot(f), s.step.dot(df));
  a_.col(s.column) += t * s.step;
  scores_.col(s.column) += t * df;
  double square = 0;
  for (const Index i : group.active) {
    const double y = hinge_.sign(labels_[static_cast<size_t>(i)], s.column);
    const double left = y - scores_(i, s.column) - 0.5 / (c * weight_[i]) * a_(i, s.column);
    square += left * left;
  }
  progress.careful = progress.careful || (t == 1 && square > kSlow * kSlow * s.first);
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
  double rough = last_c_ == 0 ? kFirst / size_ : kStride * last_c_;
  for (; rough < 0.5 * c; rough *= kStride) {
    extrapolate(rough);
    fit(rough, {.relative_gap = kRoughGap, .on_step = options.on_step});
  }
  extrapolate(c);
  FitCertificate certificate = fit(c, options);
  certificate.gradient_norm = std::sqrt(squared_gradient_norm(c));
  return certificate;
}

/// Before a fit at `c`: moves each class along the line through the last two fits, if that lowers its objective. While
/// the active rows stay the same, their coefficients solve a system with 1 / (2 C s) on its diagonal, so the line is
/// one in 1 / C. Scores are linear in the coefficients, so this needs no product with K.
void SvmPath::extrapolate(double c) {
  const MatrixXd a = a_;
  const MatrixXd scores = scores_;
  if (before_c_ > 0 && before_c_ < last_c_) {
    const double t = (1 / last_c_ - 1 / c) / (1 / before_c_ - 1 / last_c_);
    for (Index j = 0; j < a.cols(); ++j) {
      Progress stay;
      measure(j, c, stay);
      a_.col(j) += t * (a.col(j) - before_a_.col(j));
      scores_.col(j) += t * (scores.col(j) - before_scores_.col(j));
      Progress go;
      measure(j, c, go);
      if (go.objective < stay.objective) continue;
      a_.col(j) = a.col(j);
      scores_.col(j) = scores.col(j);
    }
  }
  before_c_ = last_c_;
  before_a_ = a;
  before_scores_ = scores;
  last_c_ = c;
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
        if (!better && p.careful) p.tightness *= kTighter;
        const bool slow = p.gap > kSlow * before.gap && before.objective - p.objective < std::min(p.gap, p.objective);
        p.careful = p.careful || (certificate.iterations > 0 && slow);
        p.stuck = p.tightness < kTightest || !std::isfinite(p.objective);
        p.done = p.stuck || relative(p.objective, p.gap) <= options.relative_gap;
      }
      if (!p.done) open.push_back(j);
    }
  };
  for (look(); !open.empty() && certificate.iterations < options.max_iterations; look()) {
    ++certificate.iterations;
    std::vector<Group> groups = systems(open, c, options.relative_gap, progress);
    solve(c, groups);
    MatrixXd steps(a_.rows(), std::ssize(open));
    Index next = 0;
    for (const Group& g : groups) {
      for (const System& s : g.systems) steps.col(next++) = s.step;
    }
    MatrixXd scores;
    rows_.multiply(steps, rows_.segments(), scores);
    double gap = 0;
    next = 0;
    for (const Group& g : groups) {
      for (const System& s : g.systems) {
        Progress& p = progress[static_cast<size_t>(s.column)];
        take(g, s, c, scores.col(next++), p);
        certificate.products += s.products;
        gap = std::max(gap, relative(p.objective, p.gap));
      }
    }
    if (options.on_step) options.on_step(certificate.iterations, gap);
  }
  for (Scratch& scratch : scratch_) scratch = {};  // other folds may need the memory now
  bool stuck = false;
  for (const Progress& p : progress) {
    certificate.objective += p.objective;
    certificate.relative_gap = std::max(certificate.relative_gap, relative(p.objective, p.gap));
    stuck = stuck || p.stuck;
  }
  certificate.evaluations = certificate.iterations + 1;
  certificate.stop_reason = stop_reason_name(!open.empty() ? StopReason::kMaxIterations
                                             : stuck       ? StopReason::kNoProgress
                                                           : StopReason::kConverged);
  certificate.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return certificate;
}

}  // namespace vgg16
