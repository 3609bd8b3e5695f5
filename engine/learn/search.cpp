#include "learn/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
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
  Eigen::MatrixXd a;
  Eigen::VectorXd intercept;
  FitCertificate certificate;
  double score = 0;
  double log_loss = 0;
};

void score_fold(const RowSpaceOperator& k, const std::vector<Segment>& left_out, const std::vector<int>& labels,
                FoldFit& fit) {
  Eigen::MatrixXd scores = k.apply_to_others(fit.a, left_out);
  scores.rowwise() += fit.intercept.transpose();
  fit.score = accuracy_of(labels, predicted_classes(scores));
  fit.log_loss = mean_log_loss(scores, labels);
}

}  // namespace

Search search_c(const GramMatrix& k, const GroupedRows& rows, const std::vector<double>& c, const FitOptions& options,
                const Products& products, ThreadPool& pool, const Progress& progress) {
  const auto begin = Clock::now();
  const size_t n_folds = rows.folds.size();
  const auto total = static_cast<int64_t>(n_folds * c.size() + 1);
  std::vector<size_t> path(c.size());  // from the strongest penalty, the easiest fit, to the weakest
  std::iota(path.begin(), path.end(), size_t{0});
  std::stable_sort(path.begin(), path.end(), [&](size_t i, size_t j) { return c[i] < c[j]; });

  std::vector<std::vector<FoldFit>> fits(n_folds, std::vector<FoldFit>(c.size()));
  std::vector<std::exception_ptr> failure(n_folds);
  std::mutex mutex;
  int64_t done = 0;
  pool.for_each(static_cast<int64_t>(n_folds), [&](int64_t fold, int /*member*/) {
    try {
      std::vector<Segment> kept = rows.folds;
      const std::vector<Segment> left_out = {kept[static_cast<size_t>(fold)]};
      kept.erase(kept.begin() + fold);
      const RowSpaceOperator fold_k(k, kept, products, nullptr);
      LogLoss loss(labels_at(rows.labels, kept), rows.classes);
      const std::vector<int> left_out_labels = labels_at(rows.labels, left_out);
      Eigen::MatrixXd a = Eigen::MatrixXd::Zero(fold_k.rows(), loss.columns());
      Eigen::VectorXd intercept = Eigen::VectorXd::Zero(loss.columns());
      for (const size_t i : path) {
        RowSpaceFit fit = fit_row_space(fold_k, loss, c[i], a, intercept, options);
        a = fit.a;
        intercept = fit.intercept;
        fit.certificate.fold = static_cast<int>(fold);
        FoldFit& kept_fit = fits[static_cast<size_t>(fold)][i];
        kept_fit = {std::move(fit.a), std::move(fit.intercept), std::move(fit.certificate), 0, 0};
        score_fold(fold_k, left_out, left_out_labels, kept_fit);
        const std::lock_guard lock(mutex);
        if (progress) progress(++done, total);
      }
    } catch (...) {
      failure[static_cast<size_t>(fold)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& f : failure) {
    if (f) std::rethrow_exception(f);
  }

  Search search;
  for (size_t i = 0; i < c.size(); ++i) {
    Candidate candidate;
    candidate.c = c[i];
    for (size_t fold = 0; fold < n_folds; ++fold) {
      const FoldFit& fit = fits[fold][i];
      candidate.fold_scores.push_back(fit.score);
      candidate.log_loss += fit.log_loss / static_cast<double>(n_folds);
      candidate.iterations += fit.certificate.iterations;
      candidate.relative_gap = std::max(candidate.relative_gap, fit.certificate.relative_gap);
      candidate.seconds += fit.certificate.seconds;
      search.fits.push_back(fit.certificate);
    }
    search.candidates.push_back(std::move(candidate));
  }
  search.best = rank_candidates(search.candidates);
  search.search_seconds = seconds_since(begin);

  // Each row was fitted by all folds but one: their mean, made a little larger than the folds' own weights, is close.
  const auto refit_begin = Clock::now();
  const RowSpaceOperator all_k(k, rows.folds, products, &pool);
  LogLoss loss(labels_at(rows.labels, rows.folds), rows.classes);
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(all_k.rows(), loss.columns());
  Eigen::VectorXd intercept = Eigen::VectorXd::Zero(loss.columns());
  for (size_t fold = 0; fold < n_folds; ++fold) {
    const FoldFit& fit = fits[fold][search.best];
    intercept += fit.intercept / static_cast<double>(n_folds);
    int64_t from = 0;
    int64_t to = 0;
    for (size_t other = 0; other < n_folds; ++other) {
      const int64_t count = rows.folds[other].count;
      if (other != fold) {
        a.middleRows(to, count) += fit.a.middleRows(from, count) / static_cast<double>(n_folds);
        from += count;
      }
      to += count;
    }
  }
  search.refit = fit_row_space(all_k, loss, c[search.best], a, intercept, options);
  search.fits.push_back(search.refit.certificate);
  search.refit_seconds = seconds_since(refit_begin);
  if (progress) progress(total, total);
  return search;
}

}  // namespace vgg16
