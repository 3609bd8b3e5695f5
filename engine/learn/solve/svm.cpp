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
/// set of active rows stayed as it is.
constexpr double kForcing = 1e-3;
constexpr double kShareOfWanted = 0.1;
/// If a step leaves more than this share of the gap, or float32 this share of a residual, the class's further systems
/// are careful: in float64, for the rows inside the margin, leaving at most this share of the loss. With a large C the
/// active rows are short of the margin by very little, and a larger error would make about half of them inactive at
/// random.
constexpr double kSlow = 0.5;
constexpr double kShareOfLoss = 1e-5;
/// Of careful systems after a step that did not help: their solution was too inexact for the step to go downhill.
constexpr double kTighter = 1e-3;
constexpr double kTightest = 1e-9;
/// The first C is this divided by the mean squared length of the rows: there a fit is easy. On the way to a larger C
/// follow fits of this relative gap, by this factor apart.
constexpr double kFirst = 1;
constexpr double kRoughGap = 0.3;
constexpr double kStride = 30;
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
      diagonal_(rows_.diagonal()),
      size_(diagonal_.mean()),
      scratch_(pool == nullptr ? 1 : static_cast<size_t>(pool->size())) {
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

/// The rows that are active in a class: those whose coefficient would be positive (times y) at the optimum over it
/// alone. After an exact step, or with a small C, these are the rows inside the margin; while a step is not exact, it
/// depends less on small errors. A careful step takes the rows inside the margin.
std::vector<Index> SvmPath::active_rows(Index column, double c, bool careful) const {
  std::vector<Index> active;
  for (Index i = 0; i < a_.rows(); ++i) {
    const double y = hinge_.sign(labels_[static_cast<size_t>(i)], column);
    const double ridge = 0.5 / (c * weight_[i]);
    const double alone = a_(i, column) + (y - scores_(i, column) - ridge * a_(i, column)) / (diagonal_[i] + ridge);
    if (careful ? y * scores_(i, column) < 1 : y * alone > 0) active.push_back(i);
  }
  return active;
}

/// Newton's steps: (K_aa + 1 / (2 C s)) (a + step) = y on the active rows, and a + step = 0 on the others. Solved by
/// conjugate gradients, with products in T; all systems of a group advance together, so that each product serves all of
/// them. If the active rows stayed the same, a residual r would leave a gap of C * sum(s r^2), which decides when a
/// solution is good enough.
template <class T>
void SvmPath::solve(double c, Group& group, Scratch& scratch) const {
  const auto n = std::ssize(group.active);
  // A copy, contiguous, so that products stay in the cache. Divided by size_, so that float32 has the range.
  if (!std::holds_alternative<std::vector<T>>(scratch)) scratch = std::vector<T>();
  auto& k = std::get<std::vector<T>>(scratch);
  if (static_cast<int64_t>(k.size()) < n * n) {
    k = {};  // before the larger block is taken
    k.resize(static_cast<size_t>(n * n));
  }
  std::vector<int64_t> position;
  for (const Index i : group.active) position.push_back(position_[static_cast<size_t>(i)]);
  const double scale = 1 / size_;  // not 0: the column of ones counts
  for (Index j = 0; j < n; ++j) {
    const double* from = k_.row(position[static_cast<size_t>(j)]);
    T* to = k.data() + j * n;
    for (Index i = 0; i < n; ++i) to[i] = static_cast<T>(scale * from[position[static_cast<size_t>(i)]]);
  }
  const ArrayXd cs = c * weight_(group.active);
  std::vector<System*> going;
  for (System& s : group.systems) {
    s.step = -a_.col(s.column);
    s.step(group.active).setZero();
    s.left.resize(n);
    for (Index j = 0; j < n; ++j) {
      const Index i = group.active[static_cast<size_t>(j)];
      s.left[j] =
          hinge_.sign(labels_[static_cast<size_t>(i)], s.column) - scores_(i, s.column) - 0.5 / cs[j] * a_(i, s.column);
    }
    for (Index i = 0; i < a_.rows(); ++i) {
      if (s.step[i] == 0) continue;
      const double* row = k_.row(position_[static_cast<size_t>(i)]);
      for (Index j = 0; j < n; ++j) s.left[j] -= s.step[i] * row[position[static_cast<size_t>(j)]];
    }
    s.direction = s.left;
    s.square = s.left.matrix().squaredNorm();
    s.first = s.square;
    going.push_back(&s);
  }
  Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> v(n, std::ssize(going));
  Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> kv;
  for (int i = 0; i < kMaxSolverSteps; ++i) {
    std::erase_if(going, [&](const System* s) { return !((cs * s->left.square()).sum() > s->enough); });
    if (going.empty()) return;
    v.resize(Eigen::NoChange, std::ssize(going));
    for (size_t j = 0; j < going.size(); ++j) v.col(static_cast<Index>(j)) = going[j]->direction.matrix().cast<T>();
    kv.setZero(n, v.cols());
    if constexpr (std::is_same_v<T, float>) {
      products_.matrix_times_vectors_f32(k.data(), n, n, n, v.data(), n, v.cols(), kv.data(), n);
    } else {
      products_.matrix_times_vectors(k.data(), n, n, n, v.data(), n, v.cols(), kv.data(), n);
    }
    for (size_t j = 0; j < going.size(); ++j) {
      System& s = *going[j];
      const ArrayXd image =
          size_ * kv.col(static_cast<Index>(j)).array().template cast<double>() + 0.5 * s.direction / cs;
      ++s.products;
      const double energy = (s.direction * image).sum();
      if (!(energy > 0)) {
        s.enough = std::numeric_limits<double>::infinity();
        continue;
      }
      const double length = s.square / energy;
      s.step(group.active) += (length * s.direction).matrix();
      s.left -= length * image;
      const double next = s.left.matrix().squaredNorm();
      s.direction = s.left + next / s.square * s.direction;
      s.square = next;
    }
  }
}

/// The systems of some classes, in groups that have the same active rows.
std::vector<SvmPath::Group> SvmPath::systems(const std::vector<Index>& columns, double c, double wanted_gap,
                                             const std::vector<Progress>& progress) const {
  std::vector<Group> groups;
  for (const Index column : columns) {
    const Progress& p = progress[static_cast<size_t>(column)];
    std::vector<Index> active = active_rows(column, c, p.careful);
    System s;
    s.column = column;
    s.enough = std::max(kShareOfWanted * wanted_gap * p.objective, kForcing * std::min(p.gap, p.objective));
    if (p.careful) {
      // The loss at the solution is sum(a^2 / (4 C s)), of which the present coefficients give an estimate.
      const double loss = (a_.col(column)(active).array().square() / (4 * c * weight_(active))).sum();
      if (loss > 0) s.enough = std::min(s.enough, kShareOfLoss * loss);
      s.enough *= p.tightness;
    }
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group& g) { return g.careful == p.careful && g.active == active; });
    if (same != groups.end()) {
      same->systems.push_back(std::move(s));
    } else {
      groups.push_back({p.careful, std::move(active), {std::move(s)}});
    }
  }
  return groups;
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
  return fit(c, options);
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
    share(groups.size(), [&](size_t i, size_t member) {
      if (groups[i].careful) {
        solve<double>(c, groups[i], scratch_[member]);
      } else {
        solve<float>(c, groups[i], scratch_[member]);
      }
    });
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
  certificate.gradient_norm = std::sqrt(squared_gradient_norm(c));
  certificate.evaluations = certificate.iterations + 1;
  certificate.stop_reason = stop_reason_name(!open.empty() ? StopReason::kMaxIterations
                                             : stuck       ? StopReason::kNoProgress
                                                           : StopReason::kConverged);
  certificate.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return certificate;
}

}  // namespace vgg16
