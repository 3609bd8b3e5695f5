// The Gram (kernel) matrix: the inner products of all rows. With an L2 penalty, training needs nothing else from the
// features (engine/learn/README.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sparse_products.h"
#include "learn/matrix/rows.h"

namespace vgg16 {

/// A symmetric matrix (n, n) of doubles, row-major.
struct GramMatrix {
  int64_t n = 0;
  std::vector<double> value;
  std::vector<double> squared_length;  ///< of the rows as they were given, whatever is done to `value` later

  [[nodiscard]] const double* row(int64_t i) const { return value.data() + i * n; }
  [[nodiscard]] double at(int64_t i, int64_t j) const { return value[static_cast<size_t>(i * n + j)]; }
};

/// k[i, j] = <x_i, x_j>, (n, n), in float64, in which products of float32 features are exact. Each element is summed by
/// one thread in the order of the columns, so the result has the same bits for any number of threads and is exactly
/// symmetric. Rows from `train_rows` on are held out: products of two different held-out rows are not needed, and may
/// be left 0. Throws Error{kMemory}.
[[nodiscard]] GramMatrix gram_matrix(const SparseRows& x, int64_t train_rows, const SparseProducts& products,
                                     ThreadPool& pool, const StageProgress& progress);

/// Centres the matrix by the mean of rows 0 .. train_rows - 1: k[i, j] becomes <x_i - mean, x_j - mean>. This does not
/// change the classifier, because its intercept is not penalised. It removes the large eigenvalue that comes from
/// features being non-negative, and so improves the condition of the linear systems.
void centre(GramMatrix& k, int64_t train_rows, ThreadPool& pool);

}  // namespace vgg16
