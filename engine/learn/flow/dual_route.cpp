#include "learn/flow/search.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>

#include "learn/flow/metrics.h"
#include "learn/matrix/rows.h"
#include "learn/solve/fit.h"

namespace vgg16 {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The labels of some segments of positions, one after another.
std::vector<int> labels_at(const std::vector<int>& labels, const std::vector<Segment>& segments) {
  std::vector<int> chosen;
  for (const Segment& s : segments)
    chosen.insert(chosen.end(), labels.begin() + s.first, labels.begin() + s.first + s.count);
  return chosen;
}

/// All fits of one fold, from the strongest penalty to the weakest, along one regularisation path.
class FoldPath {
 public:
  FoldPath(const GramMatrix& k, const GroupedRows& rows, size_t fold, const std::vector<double>& c,
           const std::vector<double>& weights, const FitOptions& options, const SparseProducts& products)
      : fold_(fold),
        c_(c),
        options_(options),
        left_out_({rows.folds[fold]}),
        k_(k, without(rows.folds, fold), products, nullptr),
        loss_(labels_at(rows.labels, k_.segments()), rows.classes, nullptr, weights),
        path_(k_, loss_),
        order_(c.size()),
        certificates_(c.size()),
        left_out_scores_(c.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](size_t i, size_t j) { return c[i] < c[j]; });
  }

  [[nodiscard]] size_t done() const { return done_; }
  [[nodiscard]] bool finished() const { return done_ == c_.size(); }
  [[nodiscard]] const FitCertificate& certificate(size_t candidate) const { return certificates_[candidate]; }
  /// Of the rows that the fold leaves out, with the intercept. Kept for all candidates, because the best one is known
  /// only when all folds are done.
  [[nodiscard]] const Eigen::MatrixXd& left_out_scores(size_t candidate) const { return left_out_scores_[candidate]; }

  // One fit, at the next larger C, and its scores on the rows that the fold leaves out.
  void step() {
    const size_t i = order_[done_];
    certificates_[i] = path_.advance(c_[i], options_);
    certificates_[i].fold = static_cast<int>(fold_);
    Eigen::MatrixXd& scores = left_out_scores_[i];
    scores = k_.apply_to_others(path_.at().a, left_out_);
    scores.rowwise() += path_.at().intercept.transpose();
    ++done_;
  }

 private:
  static std::vector<Segment> without(std::vector<Segment> folds, size_t fold) {
    folds.erase(folds.begin() + static_cast<std::ptrdiff_t>(fold));
    return folds;
  }

  size_t fold_;
  const std::vector<double>& c_;
  FitOptions options_;
  std::vector<Segment> left_out_;
  RowSpaceOperator k_;
  LogLoss loss_;
  RegularizationPath path_;
  std::vector<size_t> order_;
  std::vector<FitCertificate> certificates_;
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

/// The primal coefficients W = A' X and their intercept, from the dual ones. The fit's scores are those of rows minus
/// their mean, minus `shift`; both are constants per class, so they only change the intercept.
void fill_coefficients(const SparseRows& x, const RowSpacePoint& fit, const Eigen::RowVectorXd& shift,
                       const SparseProducts& products, ThreadPool& pool, Trained& model) {
  const int64_t k = fit.a.cols();
  const int64_t rows = fit.a.rows();
  Eigen::MatrixXd weight(rows, k + 1);  // the last column gives the mean of the rows
  weight << fit.a, Eigen::VectorXd::Constant(rows, 1.0 / static_cast<double>(rows));
  // At the optimum the coefficients of a row sum to 0 over the classes; subtract the small sum that the tolerance has
  // left.
  const bool softmax = k > 1;
  if (softmax) weight.leftCols(k).colwise() -= fit.a.rowwise().mean();
  std::vector<double>& coef = model.coef;
  coef.resize(static_cast<size_t>((k + 1) * x.columns()));
  weighted_row_sums(x, weight, products, pool, coef.data());
  const Eigen::Map<const Eigen::MatrixXd> sums(coef.data(), x.columns(), k + 1);
  model.intercept = fit.intercept - shift.transpose() - sums.leftCols(k).transpose() * sums.col(k);
  if (softmax) model.intercept.array() -= model.intercept.mean();
  coef.resize(static_cast<size_t>(k * x.columns()));
}

}  // namespace

Trained train_dual(const RouteInput& input, const std::function<void(const GramMatrix&, const Trained&)>& audit_with) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<double>& c = input.options.c;
  FitProgress progress(input.progress, static_cast<int64_t>(rows.folds.size() * c.size() + 1));
  const FitOptions options = {.relative_gap = input.options.relative_gap,
                              .max_iterations = input.options.max_iterations,
                              .on_step = [&](int steps, double gap) { progress.step(steps, gap); }};
  Trained trained;
  auto begin = Clock::now();
  // All rows, held-out ones too: their products with training rows are their scores and their similarities.
  const SparseRows x = SparseRows::read(input.table, input.plan.order, input.pool, input.stage("rows read"));
  trained.read_seconds = seconds_since(begin);
  begin = Clock::now();
  GramMatrix k = gram_matrix(x, rows.train_rows(), input.products, input.pool, input.stage("inner products"));
  // By the mean of all training rows, once. Each fold then subtracts the small rest of its own mean in
  // RowSpaceOperator.
  centre(k, rows.train_rows(), input.pool);
  trained.gram_seconds = seconds_since(begin);

  begin = Clock::now();
  std::vector<std::unique_ptr<FoldPath>> paths;
  for (size_t fold = 0; fold < rows.folds.size(); ++fold) {
    paths.push_back(std::make_unique<FoldPath>(k, rows, fold, c, input.class_weights(static_cast<int>(fold)), options,
                                               input.products));
  }
  run_paths(paths, input.pool, progress);
  const auto out_of_fold = [&](size_t candidate) {
    Eigen::MatrixXd scores(rows.train_rows(), score_columns(rows.classes));
    for (size_t f = 0; f < paths.size(); ++f) {
      scores.middleRows(rows.folds[f].first, rows.folds[f].count) = paths[f]->left_out_scores(candidate);
    }
    return scores;
  };
  for (size_t i = 0; i < c.size(); ++i) {
    for (const auto& path : paths) trained.fits.push_back(path->certificate(i));
    trained.candidates.push_back(
        make_candidate(std::span(trained.fits).last(paths.size()), out_of_fold(i), rows, input.options.score));
  }
  trained.best = rank_candidates(trained.candidates, input.options.score);
  trained.out_of_fold_scores = out_of_fold(trained.best);
  trained.search_seconds = seconds_since(begin);

  begin = Clock::now();
  // Frees the folds' memory before the final fit takes its own.
  paths.clear();
  const RowSpaceOperator all(k, rows.folds, input.products, &input.pool);
  LogLoss loss(labels_at(rows.labels, rows.folds), rows.classes, &input.pool, input.class_weights(-1));
  RegularizationPath path(all, loss);
  trained.fits.push_back(path.advance(c[trained.best], options));
  const RowSpacePoint& model = path.at();
  trained.test_scores = all.apply_to_others(model.a, {rows.test});
  trained.test_scores.rowwise() += model.intercept.transpose();
  fill_coefficients(x, model, all.shift(model.a), input.products, input.pool, trained);
  trained.refit_seconds = seconds_since(begin);
  progress.fit_done();
  audit_with(k, trained);
  return trained;
}

}  // namespace vgg16
