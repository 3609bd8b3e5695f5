#include "learn/flow/search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "learn/flow/calibration.h"
#include "learn/flow/class_weight.h"
#include "learn/flow/metrics.h"

namespace vgg16 {
namespace {

/// The minimum time between two reports of steps.
constexpr std::chrono::milliseconds kStepReports(100);

}  // namespace

StageProgress RouteInput::stage(const char* name) const {
  if (!progress) return {};
  return [this, name](int64_t done, int64_t total) { progress(name, done, total); };
}

std::vector<double> RouteInput::class_weights(int fold) const {
  const std::vector<int>& labels = plan.rows.labels;
  std::vector<int> own(labels.begin(), labels.begin() + plan.rows.train_rows());
  if (fold >= 0) {
    const Segment& left_out = plan.rows.folds[static_cast<size_t>(fold)];
    own.erase(own.begin() + left_out.first, own.begin() + left_out.first + left_out.count);
  }
  return vgg16::class_weights(options.class_weight, plan.classes, own);
}

Solver RouteInput::solver() const {
  if (options.solver != Solver::kAuto) return options.solver;
  const bool newton = estimate.route == Route::kDual || options.classifier == ClassifierKind::kSvm;
  return newton ? Solver::kNewton : Solver::kLbfgs;
}

Calibrated RouteInput::calibrate(Eigen::MatrixXd out_of_fold) const {
  if (options.classifier != ClassifierKind::kSvm) return {{}, std::move(out_of_fold)};
  const auto labels = std::span(plan.rows.labels).first(static_cast<size_t>(out_of_fold.rows()));
  std::vector<Sigmoid> sigmoids = fit_sigmoids(out_of_fold, labels, class_weights(-1), pool);
  Eigen::MatrixXd scores = calibrated_scores(out_of_fold, sigmoids);
  return {std::move(sigmoids), std::move(scores)};
}

bool failed(const FitCertificate& fit) {
  return !std::isfinite(fit.objective) || !std::isfinite(fit.gradient_norm) || !std::isfinite(fit.relative_gap);
}

FitProgress::FitProgress(const TrainProgress& progress, int64_t total) : progress_(progress), total_(total) {}

void FitProgress::fit_done() {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (progress_) progress_("fits", done_, total_);
}

// Steps come from many threads, thousands per second: most of them are dropped here.
void FitProgress::step(int steps, double relative_gap) {
  if (!progress_) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kStepReports) return;
  last_ = now;
  std::array<char, 80> text{};
  if (std::isfinite(relative_gap)) {
    std::snprintf(text.data(), text.size(), "fits, step %d, %.1e from the optimum", steps, relative_gap);
  } else {
    std::snprintf(text.data(), text.size(), "fits, step %d", steps);
  }
  progress_(text.data(), done_, total_);
}

std::optional<Candidate> best_logistic(const RouteInput& input, const Search& search) {
  const TrainOptions options = logistic_options(input.options);
  const RouteInput logistic = {input.table,    input.plan, options,       input.estimate,
                               input.products, input.pool, input.progress};
  FitProgress progress(input.progress, static_cast<int64_t>(input.plan.rows.folds.size() * options.c.size()));
  Trained trained;
  search(logistic, progress, trained);
  const Candidate& best = trained.candidates[trained.best];
  return std::isfinite(best.relative_gap) ? std::optional(best) : std::nullopt;
}

void score_folds(const Eigen::MatrixXd& out_of_fold, const GroupedRows& rows, Score score, Candidate& candidate) {
  for (const Segment& left_out : rows.folds) {
    const Eigen::MatrixXd scores = out_of_fold.middleRows(left_out.first, left_out.count);
    const auto labels =
        std::span(rows.labels).subspan(static_cast<size_t>(left_out.first), static_cast<size_t>(left_out.count));
    const double log_loss = mean_log_loss(scores, labels);
    candidate.fold_scores.push_back(
        score == Score::kLogLoss ? log_loss : score_of(score, labels, predicted_classes(scores), rows.classes));
    candidate.log_loss += log_loss / static_cast<double>(rows.folds.size());
  }
}

Candidate make_candidate(std::span<const FitCertificate> folds, const Eigen::MatrixXd& out_of_fold,
                         const GroupedRows& rows, Score score) {
  Candidate candidate;
  candidate.c = folds[0].c;
  score_folds(out_of_fold, rows, score, candidate);
  for (const FitCertificate& fit : folds) {
    candidate.iterations += fit.iterations;
    candidate.relative_gap =
        failed(fit) ? std::numeric_limits<double>::infinity() : std::max(candidate.relative_gap, fit.relative_gap);
    candidate.seconds += fit.seconds;
  }
  return candidate;
}

}  // namespace vgg16
