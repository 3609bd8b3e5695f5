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

#include "learn/metrics.h"

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

}  // namespace

Search search_c(const GramMatrix& k, const GroupedRows& rows, const std::vector<double>& c, const FitOptions& options,
                const Products& products, ThreadPool& pool, const Progress& progress) {
  const auto begin = Clock::now();
  std::vector<std::unique_ptr<FoldPath>> paths;
  for (size_t fold = 0; fold < rows.folds.size(); ++fold) {
    paths.push_back(std::make_unique<FoldPath>(k, rows, fold, c, options, products));
  }
  const auto total = static_cast<int64_t>(paths.size() * c.size() + 1);
  int64_t done = 0;
  run_paths(paths, pool, [&] {
    if (progress) progress(++done, total);
  });

  Search search;
  for (size_t i = 0; i < c.size(); ++i) {
    Candidate candidate;
    candidate.c = c[i];
    for (const auto& path : paths) {
      const FoldFit& fold_fit = path->fit(i);
      const FitCertificate& certificate = fold_fit.fit.certificate;
      candidate.fold_scores.push_back(fold_fit.score);
      candidate.log_loss += fold_fit.log_loss / static_cast<double>(paths.size());
      candidate.iterations += certificate.iterations;
      candidate.relative_gap = std::max(candidate.relative_gap, certificate.relative_gap);
      candidate.seconds += certificate.seconds;
      search.fits.push_back(certificate);
    }
    search.candidates.push_back(std::move(candidate));
  }
  search.best = rank_candidates(search.candidates);
  search.search_seconds = seconds_since(begin);

  const auto refit_begin = Clock::now();
  const RowSpaceFit start = mean_of_folds(paths, rows.folds, search.best);
  paths.clear();
  const RowSpaceOperator all_k(k, rows.folds, products, &pool);
  LogLoss loss(labels_at(rows.labels, rows.folds), rows.classes);
  search.refit = fit_row_space(all_k, loss, c[search.best], start, options);
  search.fits.push_back(search.refit.certificate);
  search.refit_seconds = seconds_since(refit_begin);
  if (progress) progress(total, total);
  return search;
}

}  // namespace vgg16
