// Fits in the primal form, for data with more than 0.7 training rows per column or without memory for a Gram matrix:
// logistic regression by L-BFGS on the coefficients W. The fits of all folds and all C run in lockstep, so that one
// pass over the rows serves all of them.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/passes.h"
#include "learn/solve/lbfgs.h"
#include "learn/solve/step_report.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// One fit: with this c, on the rows of all folds except `fold` (-1: of all folds).
struct PrimalTask {
  double c = 1;
  int fold = -1;
  std::vector<double> class_weights = {};  ///< one per class; empty: all 1
};

/// The positions of the rows that a fit is on, ascending, and their labels.
[[nodiscard]] std::vector<Eigen::Index> rows_of(const PrimalTask& task, const std::vector<int>& fold_of);
[[nodiscard]] std::vector<int> labels_of(const std::vector<Eigen::Index>& rows, const std::vector<int>& labels);

struct PrimalFit {
  std::vector<double> w;      ///< (columns of scores, columns), row-major
  Eigen::VectorXd intercept;  ///< (columns of scores)
  FitCertificate certificate;
};

struct PrimalOptions {
  double relative_gap = 1e-6;
  int max_iterations = kMaxLbfgsSteps;  ///< steps of L-BFGS, or of Newton's method
  int64_t fits_at_once = 1;             ///< fits that run in lockstep
  /// Called before each turn with the number of turns so far (two per L-BFGS iteration) and the largest gap of the
  /// running fits.
  StepReport on_step = {};
};

/// Memory of one running fit, in bytes: of L-BFGS; an SVM by Newton's method takes less.
[[nodiscard]] int64_t primal_bytes_per_fit(int64_t rows, int64_t columns, int classes);

/// Makes all fits, fits_at_once at a time. `fold_of` and `labels` are the fold and the class of each training row, by
/// position; the training rows are the first in `x`. `start` is empty (start from zero) or has one model per task.
/// When a group of fits_at_once has ended, calls one_done() once per fit, on the calling thread. Throws what the passes
/// throw.
[[nodiscard]] std::vector<PrimalFit> fit_primal(RowPasses& x, const std::vector<int>& fold_of,
                                                const std::vector<int>& labels, int classes,
                                                const std::vector<PrimalTask>& tasks,
                                                const std::vector<PrimalFit>& start, const PrimalOptions& options,
                                                ThreadPool& pool, const std::function<void()>& one_done);

}  // namespace vgg16
