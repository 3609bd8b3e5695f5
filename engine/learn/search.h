// Cross-validation over C, and the fit on all training rows.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/parallel.h"
#include "learn/fit.h"
#include "learn/gram.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// A Gram matrix whose rows are in groups: the rows that fold 0 leaves out, fold 1, ..., then the held-out rows.
struct GroupedRows {
  std::vector<int> labels;     ///< by position, 0 .. classes - 1
  std::vector<Segment> folds;  ///< which positions each fold leaves out
  Segment test;
  int classes = 0;
};

struct Search {
  std::vector<Candidate> candidates;  ///< one per C, in the order given
  size_t best = 0;
  std::vector<FitCertificate> fits;  ///< every candidate's folds, then the refit
  RowSpaceFit refit;                 ///< at candidates[best], on the rows of all folds
  double search_seconds = 0;
  double refit_seconds = 0;
};

/// Folds run on the pool's threads, one fold on one thread; along C each fit starts from the one before. The refit
/// starts from the mean of the folds' coefficients. `progress` counts fits.
[[nodiscard]] Search search_c(const GramMatrix& k, const GroupedRows& rows, const std::vector<double>& c,
                              const FitOptions& options, const Products& products, ThreadPool& pool,
                              const Progress& progress);

}  // namespace vgg16
