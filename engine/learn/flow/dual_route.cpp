#include "learn/flow/search.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "learn/flow/calibration.h"
#include "learn/flow/metrics.h"
#include "learn/matrix/rows.h"
#include "learn/solve/fit.h"
#include "learn/solve/svm.h"

namespace vgg16 {
namespace {

// The labels of some segments of positions, one after another.
std::vector<int> labels_at(const std::vector<int>& labels, const std::vector<Segment>& segments) {
  std::vector<int> chosen;
  for (const Segment& s : segments)
    chosen.insert(chosen.end(), labels.begin() + s.first, labels.begin() + s.first + s.count);
  return chosen;
}

/// The path of one classifier on some rows, with what its fits refer to.
class OwnedPath {
 public:
  OwnedPath(const OwnedPath&) = delete;
  /// On the rows of the folds other than `fold` (-1: all folds). `pool` as in RowSpaceOperator.
  OwnedPath(const GramMatrix& k, const RouteInput& input, int fold, ThreadPool* pool) {
    const GroupedRows& rows = input.plan.rows;
    std::vector<Segment> own = rows.folds;
    if (fold >= 0) own.erase(own.begin() + fold);
    std::vector<int> labels = labels_at(rows.labels, own);
    std::vector<double> weights = input.class_weights(fold);
    if (input.options.classifier == ClassifierKind::kSvm) {
      auto path =
          std::make_unique<SvmPath>(k, own, std::move(labels), rows.classes, std::move(weights), input.products, pool);
      svm_ = path.get();
      path_ = std::move(path);
      return;
    }
    k_.emplace(k, own, input.products, pool);
    loss_.emplace(std::move(labels), rows.classes, pool, std::move(weights));
    path_ = std::make_unique<RegularizationPath>(*k_, *loss_, input.solver());
  }
  [[nodiscard]] DualPath& operator*() const { return *path_; }
  [[nodiscard]] DualPath* operator->() const { return path_.get(); }
  /// nullptr for logistic regression.
  [[nodiscard]] SvmPath* svm() const { return svm_; }

 private:
  std::optional<RowSpaceOperator> k_;  ///< of logistic regression, as is loss_
  std::optional<LogLoss> loss_;
  std::unique_ptr<DualPath> path_;
  SvmPath* svm_ = nullptr;
};

/// All fits of one fold, from the strongest penalty to the weakest, along one regularisation path.
class FoldPath {
 public:
  FoldPath(const GramMatrix& k, const RouteInput& input, size_t fold, const FitOptions& options)
      : fold_(fold),
        c_(input.options.c),
        options_(options),
        left_out_({input.plan.rows.folds[fold]}),
        path_(k, input, static_cast<int>(fold), nullptr),
        order_(c_.size()),
        certificates_(c_.size()),
        coefficients_(c_.size()),
        left_out_scores_(c_.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](size_t i, size_t j) { return c_[i] < c_[j]; });
  }

  [[nodiscard]] size_t done() const { return done_; }
  [[nodiscard]] bool finished() const { return done_ == c_.size(); }
  [[nodiscard]] const FitCertificate& certificate(size_t candidate) const { return certificates_[candidate]; }
  /// Of the rows that the fold leaves out, with the intercept. Kept for all candidates, because the best one is known
  /// only when all folds are done.
  [[nodiscard]] const Eigen::MatrixXd& left_out_scores(size_t candidate) const { return left_out_scores_[candidate]; }

  /// Of an SVM, as DualPath::coefficients(). Kept for all candidates, too; in float32, because the final fit only
  /// starts from them.
  [[nodiscard]] const Eigen::MatrixXf& coefficients(size_t candidate) const { return coefficients_[candidate]; }

  // One fit, at the next larger C, and its scores on the rows that the fold leaves out.
  void step() {
    const size_t i = order_[done_];
    certificates_[i] = path_->advance(c_[i], options_);
    certificates_[i].fold = static_cast<int>(fold_);
    if (path_.svm() != nullptr) coefficients_[i] = path_->coefficients().cast<float>();
    left_out_scores_[i] = path_->scores_of(left_out_);
    ++done_;
  }

 private:
  size_t fold_;
  const std::vector<double>& c_;
  FitOptions options_;
  std::vector<Segment> left_out_;
  OwnedPath path_;
  std::vector<size_t> order_;
  std::vector<FitCertificate> certificates_;
  std::vector<Eigen::MatrixXf> coefficients_;
  std::vector<Eigen::MatrixXd> left_out_scores_;
  size_t done_ = 0;
};

/// Runs every path to its end. A free thread makes one fit of the path that has the fewest fits so far. So all paths
/// end at about the same time; if a thread ran a whole path at once, one might be left that all other threads wait for.
void run_paths(std::vector<std::unique_ptr<FoldPath>>& paths, ThreadPool& pool, FitProgress& progress) {
  std::mutex mutex;
  std::vector<bool> taken(paths.size(), false);
  // A job of the pool must not throw; exceptions are rethrown below, that of the lowest fold first.
  std::vector<std::exception_ptr> failure(paths.size());
  pool.run([&](int /*member*/) {
    std::unique_lock lock(mutex);
    while (true) {
      size_t next = paths.size();
      for (size_t i = 0; i < paths.size(); ++i) {
        if (taken[i] || failure[i] || paths[i]->finished()) continue;
        if (next == paths.size() || paths[i]->done() < paths[next]->done()) next = i;
      }
      if (next == paths.size()) return;  // the threads that are running the remaining paths will finish them
      taken[next] = true;
      lock.unlock();
      try {
        paths[next]->step();
        progress.fit_done();
        lock.lock();
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        failure[next] = std::current_exception();
      }
      taken[next] = false;
    }
  });
  for (const std::exception_ptr& f : failure) {
    if (f) std::rethrow_exception(f);
  }
}

/// A start for an SVM on all training rows: each row's mean coefficients in the fits that do not leave it out, at the
/// same C. (rows, columns of scores). For logistic regression this start is worse than its own path along C.
Eigen::MatrixXd mean_of_folds(const std::vector<std::unique_ptr<FoldPath>>& paths, const GroupedRows& rows,
                              size_t candidate) {
  Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(rows.train_rows(), score_columns(rows.classes));
  for (size_t f = 0; f < paths.size(); ++f) {
    const Eigen::MatrixXd a = paths[f]->coefficients(candidate).cast<double>();
    Eigen::Index from = 0;
    for (size_t other = 0; other < paths.size(); ++other) {
      if (other == f) continue;
      const Segment& fold = rows.folds[other];
      mean.middleRows(fold.first, fold.count) += a.middleRows(from, fold.count);
      from += fold.count;
    }
  }
  return mean / static_cast<double>(paths.size() - 1);
}

/// The primal coefficients W = A' X and their intercept, from the dual ones.
void fill_coefficients(const SparseRows& x, const DualPath& fit, const SparseProducts& products, ThreadPool& pool,
                       Trained& model) {
  const Eigen::MatrixXd a = fit.coefficients();
  const int64_t k = a.cols();
  Eigen::MatrixXd weight(a.rows(), k + 1);  // the last column gives the mean of the rows
  weight << a, Eigen::VectorXd::Constant(a.rows(), 1.0 / static_cast<double>(a.rows()));
  std::vector<double>& coef = model.coef;
  coef.resize(static_cast<size_t>((k + 1) * x.columns()));
  weighted_row_sums(x, weight, products, pool, coef.data());
  const Eigen::Map<const Eigen::MatrixXd> sums(coef.data(), x.columns(), k + 1);
  model.intercept = fit.intercept(sums.leftCols(k).transpose() * sums.col(k));
  coef.resize(static_cast<size_t>(k * x.columns()));
}

FitOptions fit_options(const RouteInput& input, FitProgress& progress) {
  return {.relative_gap = input.options.relative_gap,
          .max_iterations = input.options.max_iterations,
          .on_step = [&](int steps, double gap) { progress.step(steps, gap); }};
}

/// The cross-validation: sets candidates, best, the folds' fits, out_of_fold_scores and sigmoids of `trained`. Returns
/// an SVM's start for the fit on all training rows, otherwise an empty matrix.
Eigen::MatrixXd search(const GramMatrix& k, const RouteInput& input, FitProgress& progress, Trained& trained) {
  const GroupedRows& rows = input.plan.rows;
  std::vector<std::unique_ptr<FoldPath>> paths;
  for (size_t fold = 0; fold < rows.folds.size(); ++fold) {
    paths.push_back(std::make_unique<FoldPath>(k, input, fold, fit_options(input, progress)));
  }
  run_paths(paths, input.pool, progress);
  const auto out_of_fold = [&](size_t candidate) {
    Eigen::MatrixXd scores(rows.train_rows(), score_columns(rows.classes));
    for (size_t f = 0; f < paths.size(); ++f) {
      scores.middleRows(rows.folds[f].first, rows.folds[f].count) = paths[f]->left_out_scores(candidate);
    }
    return input.calibrate(std::move(scores));
  };
  for (size_t i = 0; i < input.options.c.size(); ++i) {
    for (const auto& path : paths) trained.fits.push_back(path->certificate(i));
    trained.candidates.push_back(
        make_candidate(std::span(trained.fits).last(paths.size()), out_of_fold(i).scores, rows, input.options.score));
  }
  trained.best = rank_candidates(trained.candidates, input.options.score);
  Calibrated best = out_of_fold(trained.best);
  trained.out_of_fold_scores = std::move(best.scores);
  trained.sigmoids = std::move(best.sigmoids);
  if (input.options.classifier != ClassifierKind::kSvm) return {};
  return mean_of_folds(paths, rows, trained.best);
}

}  // namespace

std::optional<Candidate> logistic_on_same_folds(const RouteInput& input, const GramMatrix& k) {
  return best_logistic(input, [&](const RouteInput& logistic, FitProgress& progress, Trained& trained) {
    static_cast<void>(search(k, logistic, progress, trained));
  });
}

Trained train_dual(const RouteInput& input, const AuditWith& audit_with) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<double>& c = input.options.c;
  FitProgress progress(input.progress, static_cast<int64_t>(rows.folds.size() * c.size() + 1));
  Trained trained;
  auto begin = Clock::now();
  // All rows, held-out ones too: their products with training rows are their scores and their similarities.
  const SparseRows x = SparseRows::read(input.table, input.plan.order, input.pool, input.stage("rows read"));
  trained.read_seconds = seconds_since(begin);
  begin = Clock::now();
  GramMatrix k = gram_matrix(x, rows.train_rows(), input.products, input.pool, input.stage("inner products"));
  const bool svm = input.options.classifier == ClassifierKind::kSvm;
  if (svm) {
    for (double& product : k.value) product += 1.0;  // the column of ones, whose weight is the intercept
  } else {
    // By the mean of all training rows, once. Each fold then subtracts the small rest of its own mean in
    // RowSpaceOperator.
    centre(k, rows.train_rows(), input.pool);
  }
  trained.gram_seconds = seconds_since(begin);

  begin = Clock::now();
  const Eigen::MatrixXd start = search(k, input, progress, trained);
  trained.search_seconds = seconds_since(begin);

  begin = Clock::now();
  {
    const OwnedPath path(k, input, -1, &input.pool);
    if (svm) path.svm()->start(c[trained.best], start);
    trained.fits.push_back(path->advance(c[trained.best], fit_options(input, progress)));
    trained.test_scores = path->scores_of({rows.test});
    if (svm) trained.test_scores = calibrated_scores(trained.test_scores, trained.sigmoids);
    fill_coefficients(x, *path, input.products, input.pool, trained);
  }
  trained.refit_seconds = seconds_since(begin);
  progress.fit_done();
  if (svm) {
    begin = Clock::now();
    centre(k, rows.train_rows(), input.pool);
    trained.logistic = logistic_on_same_folds(input, k);
    trained.comparison_seconds = seconds_since(begin);
  }
  audit_with(k, trained);
  return trained;
}

}  // namespace vgg16
