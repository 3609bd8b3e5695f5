// Cross-validation over C and the final fit on all training rows, by one of two routes, or of a forest.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/flow/plan.h"
#include "learn/matrix/gram.h"
#include "learn/matrix/passes.h"
#include "learn/solve/fit.h"
#include "vgg16/classifier.h"

namespace vgg16 {

using Clock = std::chrono::steady_clock;
[[nodiscard]] inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Whether a fit overflowed, or is so far from its optimum that no bound could be proven.
[[nodiscard]] bool failed(const FitCertificate& fit);

/// Sets the scores of a candidate's folds and its log loss from the scores (training rows, columns of scores), by
/// position, that each row has in the fit that leaves it out.
void score_folds(const Eigen::MatrixXd& out_of_fold, const GroupedRows& rows, Score score, Candidate& candidate);

/// The candidate of one C, from its fits, one per fold, and from the scores (training rows, columns of scores), by
/// position, that each row has in the fit that leaves it out; of an SVM, calibrated. relative_gap is infinite if a fit
/// failed.
[[nodiscard]] Candidate make_candidate(std::span<const FitCertificate> folds, const Eigen::MatrixXd& out_of_fold,
                                       const GroupedRows& rows, Score score);

/// The result of a route: the search, and the coefficients of the final fit.
struct Trained {
  std::vector<Candidate> candidates;
  size_t best = 0;
  std::vector<FitCertificate> fits;  ///< every candidate's folds, then the fit on all training rows; none of a forest
  std::vector<double> coef;          ///< (columns of scores, columns), row-major
  Eigen::VectorXd intercept;
  std::vector<Sigmoid> sigmoids;  ///< of an SVM; its scores below are calibrated by them
  Forest forest;                  ///< instead of coef, intercept and fits
  int64_t out_of_bag_rows = 0;    ///< of a forest: training rows that some tree was not grown from
  double out_of_bag_accuracy = 0;
  Eigen::MatrixXd test_scores;  ///< scores of the held-out rows, with the intercept
  /// (training rows, columns of scores), by position: of each training row, from the best candidate's fit without the
  /// row's fold, with that fit's intercept.
  Eigen::MatrixXd out_of_fold_scores;
  std::optional<Candidate> logistic;  ///< see Report::logistic
  double read_seconds = 0;
  double gram_seconds = 0;
  double search_seconds = 0;
  double refit_seconds = 0;
  double comparison_seconds = 0;
};

/// See RouteInput::calibrate.
struct Calibrated {
  std::vector<Sigmoid> sigmoids;
  Eigen::MatrixXd scores;
};

/// The input of both routes. References; the caller keeps everything alive.
struct RouteInput {
  const FeatureTable& table;
  const Plan& plan;
  const TrainOptions& options;
  const TrainEstimate& estimate;
  const SparseProducts& products;
  ThreadPool& pool;
  const TrainProgress& progress;

  /// The weight of each class in the fit without `fold` (-1: on all training rows); empty if all are 1.
  [[nodiscard]] std::vector<double> class_weights(int fold) const;

  /// The optimiser: that of the options, or the default of classifier and route.
  [[nodiscard]] Solver solver() const;

  /// Sigmoids of out-of-fold scores, by position, and these scores as calibrated by them. For logistic regression no
  /// sigmoids and the scores as they are.
  [[nodiscard]] Calibrated calibrate(Eigen::MatrixXd out_of_fold) const;

  /// The progress callback for the stage called `name`.
  [[nodiscard]] StageProgress stage(const char* name) const;
};

/// Reports the progress of a search: the number of fits, and the steps within them. Thread-safe.
class FitProgress {
 public:
  /// For `total` fits. `progress` must outlive this.
  FitProgress(const TrainProgress& progress, int64_t total);

  void fit_done();
  /// Reported as "fits, step 12, 3.1e-04 from the optimum", at most ten times a second.
  void step(int steps, double relative_gap);

 private:
  std::mutex mutex_;
  const TrainProgress& progress_;
  int64_t total_;
  int64_t done_ = 0;
  Clock::time_point last_;  ///< when a step was last reported; the first one is reported at once
};

using AuditWith = std::function<void(const GramMatrix& k, const Trained& so_far)>;

/// The dual route: the Gram matrix, then Newton's method. Each fold follows its regularisation path, one thread per
/// fit; then the final fit uses all threads. audit_with(centred Gram matrix, result) is called before the matrix is
/// freed.
[[nodiscard]] Trained train_dual(const RouteInput& input, const AuditWith& audit_with);

/// The primal route: the coefficients of the columns, in passes over the rows that serve many fits: of logistic
/// regression by L-BFGS, all folds and all C; of SVMs by Newton's method, all folds and classes of one C.
[[nodiscard]] Trained train_primal(const RouteInput& input);

/// A random forest. Its route is that of the logistic regression that it is compared with: audit_with is called if this
/// is the dual one.
[[nodiscard]] Trained train_forest(const RouteInput& input, const AuditWith& audit_with);

/// Runs `search`, which sets `trained`, with logistic_options(). The best candidate that it finds, unless its fits
/// failed.
using Search = std::function<void(const RouteInput& logistic, FitProgress& progress, Trained& trained)>;
[[nodiscard]] std::optional<Candidate> best_logistic(const RouteInput& input, const Search& search);

/// best_logistic in the same folds: by the centred
/// Gram matrix, or in passes over the training rows.
[[nodiscard]] std::optional<Candidate> logistic_on_same_folds(const RouteInput& input, const GramMatrix& k);
[[nodiscard]] std::optional<Candidate> logistic_on_same_folds(const RouteInput& input, RowPasses& x);

}  // namespace vgg16
