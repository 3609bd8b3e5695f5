#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "learn/flow/calibration.h"
#include "learn/flow/metrics.h"
#include "learn/flow/search.h"
#include "learn/solve/primal.h"
#include "learn/solve/primal_svm.h"

namespace vgg16 {
namespace {

/// Scores of fits for all rows of `x`, with their intercepts: the columns of the first fit, then those of the next.
Eigen::MatrixXd scores_of(RowPasses& x, std::span<const PrimalFit> fits) {
  std::vector<const double*> weights;
  for (const PrimalFit& fit : fits) {
    for (Eigen::Index j = 0; j < fit.intercept.size(); ++j) weights.push_back(fit.w.data() + j * x.columns());
  }
  Eigen::MatrixXd scores;
  x.scores(weights, scores);
  Eigen::Index first = 0;
  for (const PrimalFit& fit : fits) {
    scores.middleCols(first, fit.intercept.size()).rowwise() += fit.intercept.transpose();
    first += fit.intercept.size();
  }
  return scores;
}

/// (training rows, columns of scores), by position: of each training row, from the fit of `folds` that leaves it out.
/// Every pass scores all rows for `at_once` fits, because RowPasses has no pass over a part of the rows.
Eigen::MatrixXd out_of_fold_scores(RowPasses& x, std::span<const PrimalFit> folds, const GroupedRows& rows,
                                   size_t at_once) {
  Eigen::MatrixXd chosen;
  for (size_t first = 0; first < folds.size(); first += at_once) {
    const auto fits = folds.subspan(first, std::min(at_once, folds.size() - first));
    const Eigen::MatrixXd scores = scores_of(x, fits);
    const Eigen::Index k = scores.cols() / std::ssize(fits);
    chosen.resize(scores.rows(), k);
    for (size_t i = 0; i < fits.size(); ++i) {
      const Segment& left_out = rows.folds[first + i];
      chosen.middleRows(left_out.first, left_out.count) =
          scores.block(left_out.first, static_cast<Eigen::Index>(i) * k, left_out.count, k);
    }
  }
  return chosen;
}

/// A start for the fit on all rows: the mean of the folds' fits at the same C, which are fits[first .. first + n).
PrimalFit mean_of_folds(const std::vector<PrimalFit>& fits, size_t first, size_t n) {
  PrimalFit start{
      std::vector<double>(fits[first].w.size(), 0.0), Eigen::VectorXd::Zero(fits[first].intercept.size()), {}};
  const double share = 1.0 / static_cast<double>(n);
  for (size_t i = first; i < first + n; ++i) {
    for (size_t j = 0; j < start.w.size(); ++j) start.w[j] += share * fits[i].w[j];
    start.intercept += share * fits[i].intercept;
  }
  return start;
}

/// Adding the same vector to the coefficients of all classes changes no probability. Subtracts their mean, so that the
/// coefficients of the classes sum to 0, as they do at the optimum (the penalty is smallest there).
void remove_common_shift(int64_t columns, PrimalFit& fit) {
  const auto k = static_cast<int64_t>(fit.intercept.size());
  if (k == 1) return;
  for (int64_t d = 0; d < columns; ++d) {
    double mean = 0;
    for (int64_t j = 0; j < k; ++j) mean += fit.w[static_cast<size_t>(j * columns + d)] / static_cast<double>(k);
    for (int64_t j = 0; j < k; ++j) fit.w[static_cast<size_t>(j * columns + d)] -= mean;
  }
  fit.intercept.array() -= fit.intercept.mean();
}

PrimalOptions fit_options(const RouteInput& input, FitProgress& progress) {
  PrimalOptions options;
  if (input.options.classifier == ClassifierKind::kSvm) options.max_iterations = input.options.max_iterations;
  options.relative_gap = input.options.relative_gap;
  options.fits_at_once = input.estimate.fits_at_once;
  options.on_step = [&](int steps, double gap) { progress.step(steps, gap); };
  return options;
}

/// The fold that leaves out each training row, by position.
std::vector<int> fold_of_each(const GroupedRows& rows) {
  std::vector<int> fold_of(static_cast<size_t>(rows.train_rows()));
  for (size_t f = 0; f < rows.folds.size(); ++f) {
    const auto first = fold_of.begin() + rows.folds[f].first;
    std::fill(first, first + rows.folds[f].count, static_cast<int>(f));
  }
  return fold_of;
}

/// All fits of `tasks`, by the method of the classifier.
std::vector<PrimalFit> fit_all(RowPasses& x, const RouteInput& input, const std::vector<PrimalTask>& tasks,
                               const std::vector<PrimalFit>& start, FitProgress& progress) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<int> labels(rows.labels.begin(), rows.labels.begin() + rows.train_rows());
  const auto& fit = input.options.classifier == ClassifierKind::kSvm ? fit_primal_svm : fit_primal;
  return fit(x, fold_of_each(rows), labels, rows.classes, tasks, start, fit_options(input, progress), input.pool,
             [&] { progress.fit_done(); });
}

/// The cross-validation: sets candidates, best, the folds' fits, out_of_fold_scores and sigmoids of `trained`. Returns
/// the fits, all folds of a candidate before those of the next.
std::vector<PrimalFit> search(RowPasses& x, const RouteInput& input, FitProgress& progress, Trained& trained) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<double>& c = input.options.c;
  // All folds of all C in one list: as many of them run in lockstep as fit in memory.
  std::vector<PrimalTask> tasks;
  for (const double each : c) {
    for (int f = 0; f < static_cast<int>(rows.folds.size()); ++f) tasks.push_back({each, f, input.class_weights(f)});
  }
  std::vector<PrimalFit> fits = fit_all(x, input, tasks, {}, progress);
  const auto out_of_fold = [&](size_t candidate) {
    const auto folds = std::span(fits).subspan(candidate * rows.folds.size(), rows.folds.size());
    return input.calibrate(out_of_fold_scores(x, folds, rows, static_cast<size_t>(input.estimate.fits_at_once)));
  };
  for (size_t i = 0; i < c.size(); ++i) {
    for (size_t f = 0; f < rows.folds.size(); ++f) {
      trained.fits.push_back(fits[i * rows.folds.size() + f].certificate);
    }
    trained.candidates.push_back(make_candidate(std::span(trained.fits).last(rows.folds.size()), out_of_fold(i).scores,
                                                rows, input.options.score));
  }
  trained.best = rank_candidates(trained.candidates, input.options.score);
  // Computed again: one pass more takes less than keeping the scores of all candidates.
  Calibrated best = out_of_fold(trained.best);
  trained.out_of_fold_scores = std::move(best.scores);
  trained.sigmoids = std::move(best.sigmoids);
  return fits;
}

}  // namespace

std::optional<Candidate> logistic_on_same_folds(const RouteInput& input, RowPasses& x) {
  return best_logistic(input, [&](const RouteInput& logistic, FitProgress& progress, Trained& trained) {
    search(x, logistic, progress, trained);
  });
}

Trained train_primal(const RouteInput& input) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<double>& c = input.options.c;
  const auto train_rows = static_cast<size_t>(rows.train_rows());
  const std::span<const int64_t> order(input.plan.order);
  const OrderedRows source{&input.table, order.first(train_rows)};
  Trained trained;
  auto begin = Clock::now();
  std::optional<SparseRows> resident;
  if (input.estimate.rows_in_memory) {
    resident = SparseRows::read(input.table, source.order, input.pool, input.stage("rows read"));
  }
  // Only training rows: the held-out ones are read once, at the end.
  RowPasses x(source, resident ? &*resident : nullptr, input.products, input.pool);
  trained.read_seconds = seconds_since(begin);

  begin = Clock::now();
  FitProgress progress(input.progress, static_cast<int64_t>(rows.folds.size() * c.size() + 1));
  std::vector<PrimalFit> fits = search(x, input, progress, trained);
  trained.search_seconds = seconds_since(begin);

  begin = Clock::now();
  // The mean of the folds' models is closer to the model of all rows than zero is.
  const std::vector<PrimalFit> start = {mean_of_folds(fits, trained.best * rows.folds.size(), rows.folds.size())};
  fits.clear();
  std::vector<PrimalFit> refit = fit_all(x, input, {{c[trained.best], -1, input.class_weights(-1)}}, start, progress);
  trained.fits.push_back(refit[0].certificate);
  // L-BFGS keeps whatever common shift its steps produced; without it, models of both routes are comparable.
  const bool svm = input.options.classifier == ClassifierKind::kSvm;
  if (!svm) remove_common_shift(input.table.columns, refit[0]);
  RowPasses held_out({&input.table, order.subspan(train_rows)}, nullptr, input.products, input.pool);
  trained.test_scores = scores_of(held_out, std::span(refit).first(1));
  if (svm) trained.test_scores = calibrated_scores(trained.test_scores, trained.sigmoids);
  trained.coef = std::move(refit[0].w);
  trained.intercept = refit[0].intercept;
  trained.refit_seconds = seconds_since(begin);
  // Where the rows are read again in every pass, the comparison would take as long as the training.
  if (svm && resident) {
    begin = Clock::now();
    trained.logistic = logistic_on_same_folds(input, x);
    trained.comparison_seconds = seconds_since(begin);
  }
  return trained;
}

}  // namespace vgg16
