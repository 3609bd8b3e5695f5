#include "learn/solve/primal_svm.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "learn/matrix/rows.h"
#include "learn/solve/convergence.h"
#include "learn/solve/lbfgs.h"
#include "learn/solve/softmax.h"
#include "learn/solve/squared_hinge.h"

namespace vgg16 {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A linear system is solved until its residual is this share of the gradient, or after so many steps.
constexpr double kForcing = 0.1;
constexpr int kMaxSolverSteps = 300;
/// A fit ends without a proof after so many steps in a row that lower neither the objective nor the gap.
constexpr int kMaxIdle = 3;

/// The rows of one fit. All classes share them.
struct FitRows {
  std::vector<Index> position;
  std::vector<int> labels;
  ArrayXd c;  ///< of each row: C times the weight of its class
  SquaredHinge hinge;

  FitRows(const PrimalTask& task, const std::vector<int>& fold_of, const std::vector<int>& all_labels, int classes)
      : position(rows_of(task, fold_of)),
        labels(labels_of(position, all_labels)),
        c(task.c * row_weights(labels, task.class_weights)),
        hinge{static_cast<int>(score_columns(classes))} {}
};

/// Newton's method for one class against the rest, as a state machine that stops whenever it needs a product with the
/// rows, so that one pass serves many.
///
/// The coefficients w end with the intercept, the weight of a column of ones. The gradient is w + X'r with
/// r = -2 c y max(0, 1 - y f). The Hessian is I + X' D X, where D is 2 c for the rows inside the margin ("active") and
/// 0 for others; the step solves it for the gradient by conjugate gradients, whose scores add up to those of the step,
/// so that the search along it needs no product. Keerthi and DeCoste, JMLR 6, 2005.
///
/// Half the squared norm of the gradient is the difference between the objective and the dual objective at
/// alpha = 2 c max(0, 1 - y f): there X'(alpha y), with the column of ones, is w minus the gradient.
class ClassFit {
 public:
  enum class Need { kScores, kSums, kNothing };

  ClassFit(const FitRows& rows, Index column, VectorXd start, double wanted_gap, int max_steps)
      : rows_(rows), column_(column), wanted_gap_(wanted_gap), max_steps_(max_steps), w_(std::move(start)) {}

  [[nodiscard]] Need need() const {
    if (stage_ == Stage::kDone) return Need::kNothing;
    return stage_ == Stage::kScores || stage_ == Stage::kDirection ? Need::kScores : Need::kSums;
  }

  /// kScores: the coefficients whose scores are wanted.
  [[nodiscard]] const VectorXd& coefficients() const { return stage_ == Stage::kDirection ? p_ : w_; }
  /// Takes them, without intercept, from a column of the scores of all rows.
  void take_scores(const MatrixXd& all, Index from) {
    VectorXd& z = stage_ == Stage::kDirection ? zp_ : z_;
    const double intercept = coefficients()[w_.size() - 1];
    z.resize(std::ssize(rows_.position));
    for (Index i = 0; i < z.size(); ++i) z[i] = all(rows_.position[static_cast<size_t>(i)], from) + intercept;
  }

  /// kSums: writes r to a column of `all` and returns where X'r is to be added.
  [[nodiscard]] double* put_residuals(MatrixXd& all, Index to) {
    for (Index i = 0; i < r_.size(); ++i) all(rows_.position[static_cast<size_t>(i)], to) = r_[i];
    VectorXd& sums = stage_ == Stage::kGradient ? gradient_ : q_;
    sums[sums.size() - 1] += r_.sum();
    return sums.data();
  }

  /// Goes on with what was needed.
  void resume() {
    switch (stage_) {
      case Stage::kScores:
        fresh_ = true;
        return measure();
      case Stage::kGradient:
        return take_gradient();
      case Stage::kDirection:
        r_ = bend_ * zp_.array();
        q_ = p_;
        stage_ = Stage::kProduct;
        return;
      case Stage::kProduct:
        return solve();
      case Stage::kDone:
        return;
    }
  }

  [[nodiscard]] const VectorXd& w() const { return w_; }
  [[nodiscard]] double objective() const { return objective_; }
  [[nodiscard]] double squared_gradient_norm() const { return gradient_.squaredNorm(); }
  [[nodiscard]] double gap() const { return gap_; }
  [[nodiscard]] int steps() const { return steps_; }
  [[nodiscard]] int products() const { return products_; }
  [[nodiscard]] StopReason reason() const { return reason_; }

 private:
  enum class Stage { kScores, kGradient, kDirection, kProduct, kDone };

  void stop(StopReason reason) {
    // Scores are updated from step to step; the certificate is of recomputed ones.
    stage_ = fresh_ ? Stage::kDone : Stage::kScores;
    reason_ = reason;
  }

  /// The objective from the scores, and the residuals whose sums complete the gradient.
  void measure() {
    r_.resize(z_.size());
    bend_.resize(z_.size());
    double loss = 0;
    for (Index i = 0; i < z_.size(); ++i) {
      const int label = rows_.labels[static_cast<size_t>(i)];
      const double m = rows_.hinge.slack(z_[i], label, column_);
      const double c = rows_.c[i];
      loss += c * m * m;
      r_[i] = -2 * c * m * rows_.hinge.sign(label, column_);
      bend_[i] = m > 0 ? 2 * c : 0;
    }
    objective_ = 0.5 * w_.squaredNorm() + loss;
    gradient_ = w_;
    stage_ = Stage::kGradient;
  }

  void take_gradient() {
    square_ = gradient_.squaredNorm();
    gap_ = relative_gap(objective_, square_);
    if (gap_ <= wanted_gap_) return stop(StopReason::kConverged);
    idle_ = objective_ < least_objective_ || gap_ < least_gap_ ? 0 : idle_ + 1;
    least_objective_ = std::min(least_objective_, objective_);
    least_gap_ = std::min(least_gap_, gap_);
    if (idle_ >= kMaxIdle || !std::isfinite(square_)) return stop(StopReason::kNoProgress);
    if (steps_ >= max_steps_) return stop(StopReason::kMaxIterations);
    d_ = VectorXd::Zero(w_.size());
    zd_ = VectorXd::Zero(z_.size());
    left_ = -gradient_;
    p_ = left_;
    enough_ = kForcing * kForcing * square_;
    solver_steps_ = 0;
    stage_ = Stage::kDirection;
  }

  /// One step of conjugate gradients for Hessian * d = -gradient.
  void solve() {
    ++products_;
    const double step = square_ / p_.dot(q_);
    d_ += step * p_;
    zd_ += step * zp_;
    left_ -= step * q_;
    const double next = left_.squaredNorm();
    if (next <= enough_ || ++solver_steps_ >= kMaxSolverSteps) return move();
    p_ = left_ + next / square_ * p_;
    square_ = next;
    stage_ = Stage::kDirection;
  }

  void move() {
    const double t = rows_.hinge.step_length(rows_.labels, column_, rows_.c, z_, zd_, d_.dot(w_), d_.squaredNorm());
    w_ += t * d_;
    z_ += t * zd_;
    fresh_ = false;
    ++steps_;
    measure();
  }

  const FitRows& rows_;
  Index column_;
  double wanted_gap_;
  int max_steps_;
  Stage stage_ = Stage::kScores;
  StopReason reason_ = StopReason::kMaxIterations;
  VectorXd w_;  ///< (columns + 1), as all of the next five
  VectorXd gradient_;
  VectorXd d_;     ///< Newton's step
  VectorXd left_;  ///< the residual of its system
  VectorXd p_;     ///< conjugate direction
  VectorXd q_;     ///< Hessian * p
  VectorXd z_;     ///< scores of w, one per row of the fit, as all of the next four
  VectorXd zd_;
  VectorXd zp_;
  ArrayXd r_;
  ArrayXd bend_;  ///< D
  double objective_ = 0;
  double square_ = 0;  ///< of the gradient, then of left_
  double enough_ = 0;
  double gap_ = std::numeric_limits<double>::infinity();
  double least_objective_ = std::numeric_limits<double>::infinity();
  double least_gap_ = std::numeric_limits<double>::infinity();
  int idle_ = 0;
  int steps_ = 0;
  int solver_steps_ = 0;
  int products_ = 0;
  bool fresh_ = false;  ///< z was computed from w, not updated
};

/// Runs all of `fits` to their ends; one pass over the rows serves all that need the same.
void run_in_lockstep(RowPasses& x, std::vector<std::unique_ptr<ClassFit>>& fits, const PrimalOptions& options,
                     ThreadPool& pool) {
  MatrixXd scores;
  MatrixXd residuals;
  for (int turn = 0;; ++turn) {
    std::vector<ClassFit*> want_scores;
    std::vector<ClassFit*> want_sums;
    double gap = 0;
    for (const auto& fit : fits) {
      if (fit->need() == ClassFit::Need::kNothing) continue;
      (fit->need() == ClassFit::Need::kScores ? want_scores : want_sums).push_back(fit.get());
      gap = std::max(gap, fit->gap());
    }
    if (want_scores.empty() && want_sums.empty()) return;
    if (options.on_step) options.on_step(turn, gap);
    if (!want_scores.empty()) {
      std::vector<const double*> weights;
      for (const ClassFit* fit : want_scores) weights.push_back(fit->coefficients().data());
      x.scores(weights, scores);
    }
    if (!want_sums.empty()) {
      residuals.setZero(x.rows(), std::ssize(want_sums));
      std::vector<double*> sums;
      for (ClassFit* fit : want_sums) sums.push_back(fit->put_residuals(residuals, std::ssize(sums)));
      x.add_gradients(residuals, sums);
    }
    const auto first = static_cast<int64_t>(want_scores.size());
    for_each_checked(pool, first + std::ssize(want_sums), [&](int64_t i, int /*member*/) {
      if (i < first) want_scores[static_cast<size_t>(i)]->take_scores(scores, i);
      (i < first ? want_scores[static_cast<size_t>(i)] : want_sums[static_cast<size_t>(i - first)])->resume();
    });
  }
}

/// (columns + 1) coefficients of one class, the intercept last.
VectorXd start_of(const PrimalFit& fit, int64_t columns, Index j) {
  VectorXd w(columns + 1);
  w << Eigen::Map<const VectorXd>(fit.w.data() + j * columns, columns), fit.intercept[j];
  return w;
}

/// The result of a fit, from those of its classes.
PrimalFit gather(const PrimalTask& task, std::span<const std::unique_ptr<ClassFit>> classes, int64_t columns,
                 double seconds) {
  PrimalFit fit;
  fit.intercept.resize(std::ssize(classes));
  FitCertificate& certificate = fit.certificate;
  certificate.c = task.c;
  certificate.fold = task.fold;
  StopReason reason = StopReason::kConverged;
  double squared = 0;
  for (size_t j = 0; j < classes.size(); ++j) {
    const ClassFit& one = *classes[j];
    fit.w.insert(fit.w.end(), one.w().begin(), one.w().begin() + columns);
    fit.intercept[static_cast<Index>(j)] = one.w()[columns];
    squared += one.squared_gradient_norm();
    certificate.objective += one.objective();
    certificate.relative_gap = std::max(certificate.relative_gap, one.gap());
    certificate.iterations = std::max(certificate.iterations, one.steps());
    certificate.products += one.products();
    if (one.reason() != StopReason::kConverged) reason = one.reason();
  }
  certificate.gradient_norm = std::sqrt(squared);
  certificate.evaluations = certificate.iterations + 1;
  certificate.stop_reason = stop_reason_name(reason);
  certificate.seconds = seconds;
  return fit;
}

}  // namespace

std::vector<PrimalFit> fit_primal_svm(RowPasses& x, const std::vector<int>& fold_of, const std::vector<int>& labels,
                                      int classes, const std::vector<PrimalTask>& tasks,
                                      const std::vector<PrimalFit>& start, const PrimalOptions& options,
                                      ThreadPool& pool, const std::function<void()>& one_done) {
  const auto k = static_cast<Index>(score_columns(classes));
  std::vector<size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return tasks[i].c < tasks[j].c; });
  std::vector<PrimalFit> fits(tasks.size());
  // The fits of one C at most, because those of the next one start from them.
  const auto at_once = static_cast<size_t>(std::max<int64_t>(1, options.fits_at_once));
  for (size_t first = 0, end = 0; first < order.size(); first = end) {
    const auto begin = std::chrono::steady_clock::now();
    while (end < order.size() && end - first < at_once && tasks[order[end]].c == tasks[order[first]].c) ++end;
    std::vector<std::unique_ptr<FitRows>> rows;
    std::vector<std::unique_ptr<ClassFit>> running;
    for (size_t o = first; o < end; ++o) {
      const PrimalTask& task = tasks[order[o]];
      rows.push_back(std::make_unique<FitRows>(task, fold_of, labels, classes));
      const PrimalFit* from = start.empty() ? nullptr : &start[order[o]];
      for (size_t before = 0; start.empty() && before < first; ++before) {
        if (tasks[order[before]].fold == task.fold) from = &fits[order[before]];
      }
      for (Index j = 0; j < k; ++j) {
        running.push_back(std::make_unique<ClassFit>(
            *rows.back(), j,
            from == nullptr ? VectorXd(VectorXd::Zero(x.columns() + 1)) : start_of(*from, x.columns(), j),
            options.relative_gap, options.max_iterations));
      }
    }
    run_in_lockstep(x, running, options, pool);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (size_t o = first; o < end; ++o) {
      fits[order[o]] = gather(tasks[order[o]],
                              std::span(running).subspan((o - first) * static_cast<size_t>(k), static_cast<size_t>(k)),
                              x.columns(), seconds / static_cast<double>(end - first));
      one_done();
    }
  }
  return fits;
}

}  // namespace vgg16
