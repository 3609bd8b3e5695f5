// All inner products of rows: with an L2 penalty they are everything that training needs to know about the features.
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

  [[nodiscard]] const double* row(int64_t i) const { return value.data() + i * n; }
  [[nodiscard]] double at(int64_t i, int64_t j) const { return value[static_cast<size_t>(i * n + j)]; }
};

/// K[i, j] = <x_i, x_j> in float64, where products of float32 features are exact, each element by one thread in the
/// order of the columns: the same bits for any number of threads, and symmetric to the last bit. Rows from `train_rows`
/// on are held out: products of two different ones of them may be left 0. Throws Error{kMemory}.
[[nodiscard]] GramMatrix gram_matrix(const SparseRows& x, int64_t train_rows, const SparseProducts& products,
                                     ThreadPool& pool, const Progress& progress);

/// Moves the origin to the mean of rows 0 .. train_rows - 1: K[i, j] becomes <x_i - mean, x_j - mean>. A classifier
/// with a free intercept is the same before and after; the largest eigenvalue of non-negative features is not.
void centre(GramMatrix& k, int64_t train_rows, ThreadPool& pool);

}  // namespace vgg16
