// Cross-validation over C and the fit on all training rows, by one of two routes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "kernels/parallel.h"
#include "learn/flow/plan.h"
#include "learn/matrix/gram.h"
#include "learn/solve/fit.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// One fit of the cross-validation and how it did on the rows that its fold leaves out.
struct FoldResult {
  FitCertificate certificate;
  double score = 0;
  double log_loss = 0;
};

/// Whether a fit overflowed, or is so far from its optimum that nothing is proven about it.
[[nodiscard]] bool failed(const FitCertificate& fit);

/// The candidates in the order of `c`, from results[candidate][fold]; the gap is infinite where a fit failed.
[[nodiscard]] std::vector<Candidate> make_candidates(const std::vector<double>& c,
                                                     const std::vector<std::vector<FoldResult>>& results);

/// What a route gives: the search, and the classifier's coefficients from the fit on all training rows.
struct Trained {
  std::vector<Candidate> candidates;
  size_t best = 0;
  std::vector<FitCertificate> fits;  ///< every candidate's folds, then the fit on all training rows
  std::vector<double> coef;          ///< (columns of scores, columns), row-major
  Eigen::VectorXd intercept;
  Eigen::MatrixXd test_scores;  ///< of the held-out rows, with the intercept
  double read_seconds = 0;
  double gram_seconds = 0;
  double search_seconds = 0;
  double refit_seconds = 0;
};

/// What both routes need to know.
struct RouteInput {
  const FeatureTable& table;
  const Plan& plan;
  const TrainOptions& options;
  const TrainEstimate& estimate;
  const SparseProducts& products;
  ThreadPool& pool;
  const TrainProgress& progress;

  /// The progress of one stage.
  [[nodiscard]] Progress stage(const char* name) const;
};

/// Counts the fits of a search, and tells of the steps within them. Safe to use from many threads.
class FitProgress {
 public:
  /// `total` fits are to come. `progress` must outlive it.
  FitProgress(const TrainProgress& progress, int64_t total);

  void fit_done();
  /// Passed on as "fits, step 12, 3.1e-04 from the optimum", rarely enough to cost nothing.
  void step(int steps, double relative_gap);

 private:
  std::mutex mutex_;
  const TrainProgress& progress_;
  int64_t total_;
  int64_t done_ = 0;
  std::chrono::steady_clock::time_point last_;  ///< when a step was passed on; the first one is at once
};

/// Inner products of the rows, then Newton's method in the row space. Every fold walks along the regularization path on
/// one thread; then the fit on all rows does on all of them. `audit_with` gets the centred matrix
/// before it is dropped.
[[nodiscard]] Trained train_dual(const RouteInput& input,
                                 const std::function<void(const GramMatrix&, const Trained&)>& audit_with);

/// L-BFGS on the columns' coefficients, all folds and all C in lockstep.
[[nodiscard]] Trained train_primal(const RouteInput& input);

}  // namespace vgg16
