// Linear SVMs in the primal form, for data with more than 0.7 training rows per column or without memory for a Gram
// matrix: Newton's method on the coefficients, with conjugate gradients. The objective is that of svm.h.
#pragma once

#include <functional>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/passes.h"
#include "learn/solve/primal.h"

namespace vgg16 {

/// As fit_primal(). Without `start`, a fit starts at that of the same fold for the next smaller C. The certificate has
/// the sum of the classes' objectives and the largest of their relative gaps.
[[nodiscard]] std::vector<PrimalFit> fit_primal_svm(RowPasses& x, const std::vector<int>& fold_of,
                                                    const std::vector<int>& labels, int classes,
                                                    const std::vector<PrimalTask>& tasks,
                                                    const std::vector<PrimalFit>& start, const PrimalOptions& options,
                                                    ThreadPool& pool, const std::function<void()>& one_done);

}  // namespace vgg16
