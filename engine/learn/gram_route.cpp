#include "learn/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "learn/fit.h"
#include "learn/metrics.h"
#include "learn/rows.h"

namespace vgg16 {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::vector<int> labels_at(const std::vector<int>& labels, const std::vector<Segment>& segments) {
  std::vector<int> chosen;
  for (const Segment& s : segments)
    chosen.insert(chosen.end(), labels.begin() + s.first, labels.begin() + s.first + s.count);
  return chosen;
}

/// One candidate's fit on one fold.
struct FoldFit {
  RowSpaceFit fit;
  double score = 0;
  double log_loss = 0;
};

/// All fits of one fold, from the strongest penalty, the easiest, to the weakest; each starts from the one before.
class FoldPath {
 public:
  FoldPath(const GramMatrix& k, const GroupedRows& rows, size_t fold, const std::vector<double>& c,
           const FitOptions& options, const Products& products)
      : fold_(fold),
        c_(c),
        options_(options),
        left_out_({rows.folds[fold]}),
        left_out_labels_(labels_at(rows.labels, left_out_)),
        k_(k, without(rows.folds, fold), products, nullptr),
        loss_(labels_at(rows.labels, k_.segments()), rows.classes),
        order_(c.size()),
        fits_(c.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](size_t i, size_t j) { return c[i] < c[j]; });
  }

  [[nodiscard]] size_t done() const { return done_; }
  [[nodiscard]] bool finished() const { return done_ == c_.size(); }
  [[nodiscard]] const FoldFit& fit(size_t candidate) const { return fits_[candidate]; }

  void step() {
    const size_t i = order_[done_];
    FoldFit& result = fits_[i];
    const RowSpaceFit start = done_ == 0 ? approach_row_space(k_, loss_, c_[i]) : fits_[order_[done_ - 1]].fit;
    result.fit = fit_row_space(k_, loss_, c_[i], start, options_);
    result.fit.certificate.fold = static_cast<int>(fold_);
    Eigen::MatrixXd scores = k_.apply_to_others(result.fit.a, left_out_);
    scores.rowwise() += result.fit.intercept.transpose();
    result.score = accuracy_of(left_out_labels_, predicted_classes(scores));
    result.log_loss = mean_log_loss(scores, left_out_labels_);
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
  std::vector<int> left_out_labels_;
  RowSpaceOperator k_;
  LogLoss loss_;
  std::vector<size_t> order_;
  std::vector<FoldFit> fits_;
  size_t done_ = 0;
};

/// Runs every path to its end. A thread that is free takes the path that is furthest behind, for one fit: with more
/// paths than threads none is left for the end, where the other threads would wait for it.
void run_paths(std::vector<std::unique_ptr<FoldPath>>& paths, ThreadPool& pool, const std::function<void()>& one_done) {
  std::mutex mutex;
  std::vector<bool> taken(paths.size(), false);
  std::vector<std::exception_ptr> failure(paths.size());
  pool.run([&](int /*member*/) {
    std::unique_lock lock(mutex);
    while (true) {
      size_t next = paths.size();
      for (size_t i = 0; i < paths.size(); ++i) {
        if (taken[i] || failure[i] || paths[i]->finished()) continue;
        if (next == paths.size() || paths[i]->done() < paths[next]->done()) next = i;
      }
      if (next == paths.size()) return;  // whoever runs the paths that are left will go on with them
      taken[next] = true;
      lock.unlock();
      try {
        paths[next]->step();
        lock.lock();
        one_done();
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

/// A start for the fit on all rows: every row was fitted by all folds but one, and the mean of those fits is close.
RowSpaceFit mean_of_folds(const std::vector<std::unique_ptr<FoldPath>>& paths, const std::vector<Segment>& folds,
                          size_t candidate) {
  RowSpaceFit start;
  const RowSpaceFit& first = paths[0]->fit(candidate).fit;
  start.a = Eigen::MatrixXd::Zero(total_count(folds), first.a.cols());
  start.intercept = Eigen::VectorXd::Zero(first.a.cols());
  const double share = 1.0 / static_cast<double>(paths.size() - 1);
  for (size_t fold = 0; fold < paths.size(); ++fold) {
    const RowSpaceFit& fit = paths[fold]->fit(candidate).fit;
    start.intercept += fit.intercept / static_cast<double>(paths.size());
    int64_t from = 0;
    int64_t to = 0;
    for (size_t other = 0; other < folds.size(); ++other) {
      if (other != fold) {
        start.a.middleRows(to, folds[other].count) += share * fit.a.middleRows(from, folds[other].count);
        from += folds[other].count;
      }
      to += folds[other].count;
    }
  }
  return start;
}

/// Coefficients of the columns and the intercept, from coefficients of the rows. The scores of the fit are those of
/// rows less their mean, and centred once more: both only move the intercept.
void fill_coefficients(const SparseRows& x, int64_t train_rows, const RowSpaceFit& fit, const Eigen::RowVectorXd& shift,
                       ThreadPool& pool, Trained& model) {
  Eigen::MatrixXd a = fit.a;
  // At the optimum each row's coefficients sum to 0 over the classes; what the tolerance left is taken out.
  const bool softmax = a.cols() > 1;
  if (softmax) a.colwise() -= a.rowwise().mean().eval();
  const int64_t k = a.cols();
  model.coef.resize(static_cast<size_t>(k * x.columns()));
  weighted_row_sums(x, train_rows, a.data(), a.rows(), k, pool, model.coef.data());
  const std::vector<double> ones(static_cast<size_t>(train_rows), 1.0);
  std::vector<double> sum(static_cast<size_t>(x.columns()));
  weighted_row_sums(x, train_rows, ones.data(), train_rows, 1, pool, sum.data());
  Eigen::VectorXd intercept = fit.intercept - shift.transpose();
  for (int64_t c = 0; c < k; ++c) {
    double of_mean = 0;
    for (int64_t d = 0; d < x.columns(); ++d) {
      of_mean += model.coef[static_cast<size_t>(c * x.columns() + d)] * sum[static_cast<size_t>(d)];
    }
    intercept[c] -= of_mean / static_cast<double>(train_rows);
  }
  if (softmax) intercept.array() -= intercept.mean();
  model.intercept = intercept;
}

}  // namespace

Trained train_by_gram(const RouteInput& input,
                      const std::function<void(const GramMatrix&, const Trained&)>& audit_with) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<double>& c = input.options.c;
  const FitOptions options = {.relative_gap = input.options.relative_gap,
                              .max_iterations = input.options.max_iterations};
  Trained trained;
  auto begin = Clock::now();
  const SparseRows x = SparseRows::read(input.table, input.plan.order, input.pool, input.stage("reading"));
  trained.read_seconds = seconds_since(begin);
  begin = Clock::now();
  GramMatrix k = gram_matrix(x, input.products, input.pool, input.stage("inner products"));
  centre(k, rows.train_rows(), input.pool);
  trained.gram_seconds = seconds_since(begin);

  begin = Clock::now();
  std::vector<std::unique_ptr<FoldPath>> paths;
  for (size_t fold = 0; fold < rows.folds.size(); ++fold) {
    paths.push_back(std::make_unique<FoldPath>(k, rows, fold, c, options, input.products));
  }
  const auto total = static_cast<int64_t>(paths.size() * c.size() + 1);
  const Progress progress = input.stage("fitting");
  int64_t done = 0;
  run_paths(paths, input.pool, [&] {
    if (progress) progress(++done, total);
  });
  std::vector<std::vector<FoldResult>> results(c.size());
  for (size_t i = 0; i < c.size(); ++i) {
    for (const auto& path : paths) {
      const FoldFit& fit = path->fit(i);
      results[i].push_back({fit.fit.certificate, fit.score, fit.log_loss});
      trained.fits.push_back(fit.fit.certificate);
    }
  }
  trained.candidates = make_candidates(c, results);
  trained.best = rank_candidates(trained.candidates);
  trained.search_seconds = seconds_since(begin);

  begin = Clock::now();
  const RowSpaceFit start = mean_of_folds(paths, rows.folds, trained.best);
  paths.clear();
  const RowSpaceOperator all(k, rows.folds, input.products, &input.pool);
  LogLoss loss(labels_at(rows.labels, rows.folds), rows.classes);
  const RowSpaceFit fit = fit_row_space(all, loss, c[trained.best], start, options);
  trained.fits.push_back(fit.certificate);
  trained.test_scores = all.apply_to_others(fit.a, {rows.test});
  trained.test_scores.rowwise() += fit.intercept.transpose();
  fill_coefficients(x, rows.train_rows(), fit, all.shift(fit.a), input.pool, trained);
  trained.refit_seconds = seconds_since(begin);
  if (progress) progress(total, total);
  audit_with(k, trained);
  return trained;
}

}  // namespace vgg16
