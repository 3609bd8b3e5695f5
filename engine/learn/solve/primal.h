// The fits without inner products of rows, for more rows than columns, or more than memory holds their products of:
// L-BFGS on the coefficients of the columns, all folds and all C in lockstep, so that one pass over the rows serves
// every fit.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/passes.h"
#include "learn/solve/step_report.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// One fit to make: at `c`, on the rows of all folds but `fold` (-1: of all).
struct PrimalTask {
  double c = 1;
  int fold = -1;
};

struct PrimalFit {
  std::vector<double> w;      ///< (columns of scores, columns), one vector after the other
  Eigen::VectorXd intercept;  ///< (columns of scores)
  FitCertificate certificate;
};

struct PrimalOptions {
  double relative_gap = 1e-6;
  int max_iterations = 5000;
  int64_t fits_at_once = 1;  ///< in lockstep
  StepReport on_step = {};   ///< called with the steps of the fits that run, and the largest of their gaps
};

/// Bytes that one fit takes while it runs, with its share of the passes.
[[nodiscard]] int64_t primal_bytes_per_fit(int64_t rows, int64_t columns, int classes);

/// Makes all fits, fits_at_once at a time. `fold_of` and `labels` give the fold and the class at each position
/// of the training rows, which come first in `x`. `start` is empty or the coefficients that each fit starts from.
/// `one_done` is called for each that is finished.
[[nodiscard]] std::vector<PrimalFit> fit_primal(RowPasses& x, const std::vector<int>& fold_of,
                                                const std::vector<int>& labels, int classes,
                                                const std::vector<PrimalTask>& tasks,
                                                const std::vector<PrimalFit>& start, const PrimalOptions& options,
                                                ThreadPool& pool, const std::function<void()>& one_done);

}  // namespace vgg16
