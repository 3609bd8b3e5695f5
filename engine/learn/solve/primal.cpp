#include "learn/solve/primal.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "learn/solve/convergence.h"
#include "learn/solve/lbfgs.h"
#include "learn/solve/newton.h"
#include "learn/solve/softmax.h"

namespace vgg16 {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;

/// Pairs that L-BFGS remembers: few, because each is twice as large as the model, and every running fit has its own.
constexpr int kHistory = 6;
/// L-BFGS runs at most this many times per fit. Scores are updated from step to step, so rounding errors add up; a fit
/// that has converged by these scores, but not by recomputed ones, is run again from where it is.
constexpr int kMaxRounds = 3;
/// With more than 64 classes: how far the loss may stay above its minimum over the intercept during the search, as a
/// share of the last proven gap times the penalty. At the beginning of a search, points are tried at which all
/// probabilities are 0 or 1; there the intercept would take tens of steps that gain almost nothing.
constexpr double kUnsettled = 1e-5;

/// One fit as a problem for L-BFGS: the Euclidean inner product of the coefficients; their scores are a linear image.
///
/// With the intercept at its minimum the objective is 1-strongly convex, which is what the certificate of convergence.h
/// needs.
class PrimalProblem {
 public:
  struct Vector {
    std::vector<double> w;  ///< coefficients of each column of scores
    MatrixXd z;  ///< of a point or direction: scores of the fit's rows; of an incomplete gradient: c (P - Y); or empty
  };

  PrimalProblem(const PrimalTask& task, const std::vector<int>& fold_of, const std::vector<int>& labels, int classes,
                const PrimalOptions& options, ThreadPool* pool)
      : task_(task),
        wanted_gap_(options.relative_gap),
        rows_(rows_of(task, fold_of)),
        loss_(labels_of(rows_, labels), classes, pool, task.class_weights) {
    intercept_ = VectorXd::Zero(loss_.columns());
  }

  [[nodiscard]] const PrimalTask& task() const { return task_; }
  [[nodiscard]] int score_columns() const { return loss_.columns(); }
  [[nodiscard]] VectorXd& intercept() { return intercept_; }

  /// Selects the fit's rows: v.z = all[rows, first .. first + columns of scores).
  void take_scores(const MatrixXd& all, Index first, Vector& v) const {
    MatrixXd& z = v.z;
    z.resize(static_cast<Index>(rows_.size()), loss_.columns());
    for (Index j = 0; j < z.cols(); ++j) {
      for (size_t i = 0; i < rows_.size(); ++i) z(static_cast<Index>(i), j) = all(rows_[i], first + j);
    }
  }
  void put_residuals(const MatrixXd& r, Index first, MatrixXf& all) const {
    for (Index j = 0; j < r.cols(); ++j) {
      for (size_t i = 0; i < rows_.size(); ++i)
        all(rows_[i], first + j) = static_cast<float>(r(static_cast<Index>(i), j));
    }
  }

  /// The objective from the scores in x.z; leaves the gradient incomplete: X' z is added by Lockstep's next pass.
  double evaluate(const Vector& x, Vector& gradient, double unsettled = kUnsettled) {
    const double penalty = 0.5 * dot(x, x);
    const double loss = loss_.evaluate(x.z, intercept_, residual_, unsettled * std::min(gap_, 1.0) * penalty / task_.c);
    gradient.w = x.w;
    gradient.z = task_.c * residual_;
    return penalty + task_.c * loss;
  }
  /// The directional derivative. For an incomplete gradient (w = x, z = c (P - Y)) it is <x, d> + <c (P - Y), X d>,
  /// which needs only scores: no pass over the rows at trial steps of the line search.
  double slope(const Vector& x, const Vector& gradient, const Vector& direction) {
    if (gradient.z.size() == 0) return dot(gradient, direction);
    return dot(x, direction) + gradient.z.cwiseProduct(direction.z).sum();
  }
  void complete_gradient(Vector& /*gradient*/) {}    // Lockstep does this, for many fits in one pass
  void complete_direction(Vector& /*direction*/) {}  // likewise
  double dot(const Vector& u, const Vector& v) { return std::inner_product(u.w.begin(), u.w.end(), v.w.begin(), 0.0); }
  void add_scaled(double t, const Vector& from, Vector& to) {
    for (size_t i = 0; i < to.w.size(); ++i) to.w[i] += t * from.w[i];
    if (to.z.size() > 0 && from.z.size() > 0) to.z += t * from.z;
  }
  void scale(double t, Vector& v) {
    for (double& value : v.w) value *= t;
    v.z *= t;
  }
  [[nodiscard]] Vector for_history(const Vector& v) { return {v.w, {}}; }
  bool converged(double objective, double squared_norm) {
    gap_ = relative_gap(objective, squared_norm);
    return gap_ <= wanted_gap_;
  }
  /// The relative gap at the last complete gradient.
  [[nodiscard]] double gap() const { return gap_; }

 private:
  PrimalTask task_;
  double wanted_gap_;
  double gap_ = std::numeric_limits<double>::infinity();
  std::vector<Index> rows_;
  LogLoss loss_;
  VectorXd intercept_;
  MatrixXd residual_;
};

using Stepper = LbfgsStepper<PrimalProblem>;
using Vector = PrimalProblem::Vector;

/// A vector of one fit that needs a pass over the rows.
struct Pending {
  PrimalProblem* problem;
  Vector* vector;
};

/// The fits that run at the same time.
class Lockstep {
 public:
  Lockstep(RowPasses& x, ThreadPool& pool, const PrimalOptions& options) : x_(x), pool_(pool), options_(options) {}

  /// Runs every fit from fits[i]->w and its intercept to the optimum, or until it makes no progress.
  void run(std::vector<std::unique_ptr<PrimalProblem>>& problems, std::vector<PrimalFit*>& fits) {
    std::vector<bool> done(problems.size(), false);
    for (int round = 0; round < kMaxRounds; ++round) {
      std::vector<size_t> open;
      for (size_t i = 0; i < problems.size(); ++i) {
        if (!done[i]) open.push_back(i);
      }
      if (open.empty()) return;
      run_round(problems, fits, open);
      for (const size_t i : open) {
        const FitCertificate& c = fits[i]->certificate;
        // A fit is finished if its certificate is good enough, or if L-BFGS could not get further anyway.
        done[i] = c.relative_gap <= options_.relative_gap || c.stop_reason != stop_reason_name(StopReason::kConverged);
      }
    }
  }

 private:
  /// One run of L-BFGS for the open fits. Each turn makes at most two passes: one for all fits that need the scores of
  /// a direction, one for all that need a gradient.
  void run_round(std::vector<std::unique_ptr<PrimalProblem>>& problems, std::vector<PrimalFit*>& fits,
                 const std::vector<size_t>& open) {
    std::vector<Vector> points(open.size());
    std::vector<Pending> all;
    for (size_t o = 0; o < open.size(); ++o) {
      points[o].w = fits[open[o]]->w;
      all.push_back({problems[open[o]].get(), &points[o]});
    }
    fill_scores(all);
    LbfgsOptions options;
    options.history = kHistory;
    options.max_iterations = options_.max_iterations;
    std::vector<std::unique_ptr<Stepper>> steppers(open.size());
    share(open.size(), [&](size_t at) {
      steppers[at] = std::make_unique<Stepper>(*problems[open[at]], std::move(points[at]), options);
    });
    for (int steps = 0;; ++steps) {
      // Fits need either the scores of their direction or the completion of their gradient. A pass serves all that need
      // the same.
      std::vector<Pending> directions;
      std::vector<Pending> gradients;
      std::vector<Stepper*> running;
      double gap = 0;
      for (size_t o = 0; o < open.size(); ++o) {
        if (steppers[o]->need() == Stepper::Need::kNothing) continue;
        auto& list = steppers[o]->need() == Stepper::Need::kDirection ? directions : gradients;
        list.push_back({problems[open[o]].get(), &steppers[o]->pending()});
        running.push_back(steppers[o].get());
        gap = std::max(gap, problems[open[o]]->gap());
      }
      if (running.empty()) break;
      if (options_.on_step) options_.on_step(steps, gap);
      if (!directions.empty()) fill_scores(directions);
      if (!gradients.empty()) complete_gradients(gradients);
      share(running.size(), [&](size_t i) { running[i]->resume(); });
    }
    certify(problems, fits, open, steppers);
  }

  /// The certificates: scores, objective and gradient recomputed from the final coefficients. The gradient's products
  /// are in float32 (RowPasses).
  void certify(std::vector<std::unique_ptr<PrimalProblem>>& problems, std::vector<PrimalFit*>& fits,
               const std::vector<size_t>& open, std::vector<std::unique_ptr<Stepper>>& steppers) {
    std::vector<Vector> points(open.size());
    std::vector<Vector> gradients(open.size());
    std::vector<Pending> all;
    for (size_t o = 0; o < open.size(); ++o) {
      Minimum<Vector> minimum = steppers[o]->finish();
      steppers[o].reset();
      points[o].w = std::move(minimum.x.w);
      all.push_back({problems[open[o]].get(), &points[o]});
      FitCertificate& certificate = fits[open[o]]->certificate;
      certificate.iterations += minimum.iterations;
      certificate.evaluations += minimum.evaluations;
      certificate.stop_reason = stop_reason_name(minimum.reason);
    }
    fill_scores(all);
    share(open.size(), [&](size_t o) {
      fits[open[o]]->certificate.objective = problems[open[o]]->evaluate(points[o], gradients[o], 0);
      all[o].vector = &gradients[o];
    });
    complete_gradients(all);
    for (size_t o = 0; o < open.size(); ++o) {
      PrimalFit& fit = *fits[open[o]];
      const double squared = problems[open[o]]->dot(gradients[o], gradients[o]);
      fit.certificate.gradient_norm = std::sqrt(squared);
      fit.certificate.relative_gap = relative_gap(fit.certificate.objective, squared);
      fit.w = std::move(points[o].w);
    }
  }

  /// Calls body(i) for all i in [0, count): one thread per fit; a single fit runs on the calling thread and uses the
  /// pool itself.
  template <class Body>
  void share(size_t count, const Body& body) {
    if (count == 1) return body(0);
    std::vector<std::exception_ptr> failures(count);  // a job of the pool must not throw
    pool_.for_each(static_cast<int64_t>(count), [&](int64_t i, int /*member*/) {
      try {
        body(static_cast<size_t>(i));
      } catch (...) {
        failures[static_cast<size_t>(i)] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  [[nodiscard]] std::vector<const double*> weights_of(const std::vector<Pending>& list) const {
    std::vector<const double*> weights;
    for (const Pending& p : list) {
      for (int j = 0; j < p.problem->score_columns(); ++j) weights.push_back(p.vector->w.data() + j * x_.columns());
    }
    return weights;
  }

  /// vector.z = the scores of vector.w, in float64.
  void fill_scores(const std::vector<Pending>& list) {
    x_.scores(weights_of(list), scores_);
    Index first = 0;
    for (const Pending& p : list) {
      p.problem->take_scores(scores_, first, *p.vector);
      first += p.problem->score_columns();
    }
  }

  /// vector.w += X' vector.z; z is then emptied.
  void complete_gradients(const std::vector<Pending>& list) {
    std::vector<double*> out;
    for (const Pending& p : list) {
      for (int j = 0; j < p.problem->score_columns(); ++j) out.push_back(p.vector->w.data() + j * x_.columns());
    }
    residuals_.setZero(x_.rows(), static_cast<Index>(out.size()));
    Index first = 0;
    for (const Pending& p : list) {
      p.problem->put_residuals(p.vector->z, first, residuals_);
      first += p.problem->score_columns();
      p.vector->z.resize(0, 0);
    }
    x_.add_gradients(residuals_, out);
  }

  RowPasses& x_;
  ThreadPool& pool_;
  PrimalOptions options_;
  MatrixXd scores_;
  MatrixXf residuals_;
};

}  // namespace

std::vector<Index> rows_of(const PrimalTask& task, const std::vector<int>& fold_of) {
  std::vector<Index> rows;
  for (size_t i = 0; i < fold_of.size(); ++i) {
    if (fold_of[i] != task.fold) rows.push_back(static_cast<Index>(i));
  }
  return rows;
}

std::vector<int> labels_of(const std::vector<Index>& rows, const std::vector<int>& labels) {
  std::vector<int> chosen;
  for (const Index r : rows) chosen.push_back(labels[static_cast<size_t>(r)]);
  return chosen;
}

int64_t primal_bytes_per_fit(int64_t rows, int64_t columns, int classes) {
  const int64_t k = score_columns(classes);
  // (s, y) pairs; point, trial point, their gradients, direction, copies.
  constexpr int64_t kVectors = 2 * kHistory + 8;
  // Scores of point, trial point, direction; residuals of the fit, of a gradient and of a trial; one to spare.
  constexpr int64_t kRowMatrices = 7;
  // One number per row: scratch of LogLoss, the fit's rows and their labels.
  constexpr int64_t kRowVectors = 8;
  return 8 * (k * (kVectors * columns + kRowMatrices * rows) + kRowVectors * rows);
}

std::vector<PrimalFit> fit_primal(RowPasses& x, const std::vector<int>& fold_of, const std::vector<int>& labels,
                                  int classes, const std::vector<PrimalTask>& tasks,
                                  const std::vector<PrimalFit>& start, const PrimalOptions& options, ThreadPool& pool,
                                  const std::function<void()>& one_done) {
  std::vector<PrimalFit> fits(tasks.size());
  const int64_t k = score_columns(classes);
  const auto group = static_cast<size_t>(std::max<int64_t>(1, options.fits_at_once));
  for (size_t first = 0; first < tasks.size(); first += group) {
    const auto begin = std::chrono::steady_clock::now();
    const size_t end = std::min(tasks.size(), first + group);
    std::vector<std::unique_ptr<PrimalProblem>> problems;
    std::vector<PrimalFit*> chosen;
    for (size_t i = first; i < end; ++i) {
      problems.push_back(std::make_unique<PrimalProblem>(tasks[i], fold_of, labels, classes, options,
                                                         end - first == 1 ? &pool : nullptr));
      fits[i].certificate.c = tasks[i].c;
      fits[i].certificate.fold = tasks[i].fold;
      fits[i].w = start.empty() ? std::vector<double>(static_cast<size_t>(k * x.columns()), 0.0) : start[i].w;
      if (!start.empty()) problems.back()->intercept() = start[i].intercept;
      chosen.push_back(&fits[i]);
    }
    Lockstep(x, pool, options).run(problems, chosen);
    // Each of the fits that ran in lockstep is assigned the same share of the time.
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    for (size_t i = 0; i < chosen.size(); ++i) {
      PrimalFit* fit = chosen[i];
      fit->intercept = problems[i]->intercept();
      fit->certificate.seconds = seconds / static_cast<double>(chosen.size());
      one_done();
    }
  }
  return fits;
}

}  // namespace vgg16
