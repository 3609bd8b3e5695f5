// The products for vectors of L doubles, in GCC's portable vector types. Included only by products_<set>.cpp, each of
// which is compiled for its own instruction set: everything here has internal linkage, so that no copy leaks into
// code for a lesser machine.
#pragma once

#include <cstring>

#include "learn/products.h"

namespace vgg16 {
namespace {

template <int L>
struct Simd {
  typedef double Vector __attribute__((vector_size(L * sizeof(double))));  // NOLINT: `using` drops the attribute

  static Vector load(const double* from) {
    Vector v;
    std::memcpy(&v, from, sizeof(v));
    return v;
  }
  static void store(Vector v, double* to) { std::memcpy(to, &v, sizeof(v)); }
};

/// A accumulators of L doubles each cover A * L lanes of the strip; two sets of them take turns, because one chain of
/// dependent additions would leave the units waiting.
template <int L, int A>
void sparse_times_lanes(const SparseBlock& block, const double* panel, double* strip) {
  using S = Simd<L>;
  using Vector = typename S::Vector;
  for (int64_t r = 0; r < block.rows; ++r) {
    const uint32_t end = block.start[r + 1];
    uint32_t i = block.start[r];
    if (i == end) continue;
    double* out = strip + r * kPanelRows;
    Vector even[A];
    Vector odd[A];
    for (int a = 0; a < A; ++a) {
      even[a] = S::load(out + a * L);
      odd[a] = Vector{};
    }
    for (; i + 2 <= end; i += 2) {
      const double* p = panel + block.column[i] * kPanelRows;
      const double* q = panel + block.column[i + 1] * kPanelRows;
      const double x = block.value[i];
      const double y = block.value[i + 1];
      for (int a = 0; a < A; ++a) {
        even[a] += x * S::load(p + a * L);
        odd[a] += y * S::load(q + a * L);
      }
    }
    if (i < end) {
      const double* p = panel + block.column[i] * kPanelRows;
      const double x = block.value[i];
      for (int a = 0; a < A; ++a) even[a] += x * S::load(p + a * L);
    }
    for (int a = 0; a < A; ++a) S::store(even[a] + odd[a], out + a * L);
  }
}

template <int L, int A>
void sparse_times_panel(const SparseBlock& block, const double* panel, double* strip) {
  static_assert(kPanelRows % (L * A) == 0);
  for (int64_t lane = 0; lane < kPanelRows; lane += L * A) {
    sparse_times_lanes<L, A>(block, panel + lane, strip + lane);
  }
}

/// R rows by V vectors at a time: every number loaded is used R or V times.
template <int L, int R, int V>
void multiply_tile(const double* m, int64_t m_stride, int64_t columns, const double* x, int64_t x_stride, double* y,
                   int64_t y_stride) {
  using S = Simd<L>;
  using Vector = typename S::Vector;
  Vector sum[R][V] = {};
  int64_t j = 0;
  for (; j + L <= columns; j += L) {
    Vector row[R];
    for (int r = 0; r < R; ++r) row[r] = S::load(m + r * m_stride + j);
    for (int v = 0; v < V; ++v) {
      const Vector factor = S::load(x + v * x_stride + j);
      for (int r = 0; r < R; ++r) sum[r][v] += row[r] * factor;
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      double total = 0;
      for (int l = 0; l < L; ++l) total += sum[r][v][l];
      for (int64_t t = j; t < columns; ++t) total += m[r * m_stride + t] * x[v * x_stride + t];
      y[v * y_stride + r] += total;
    }
  }
}

template <int L, int R, int V>
void multiply_rows(const double* m, int64_t m_stride, int64_t rows, int64_t columns, const double* x, int64_t x_stride,
                   double* y, int64_t y_stride) {
  int64_t r = 0;
  for (; r + R <= rows; r += R)
    multiply_tile<L, R, V>(m + r * m_stride, m_stride, columns, x, x_stride, y + r, y_stride);
  for (; r < rows; ++r) multiply_tile<L, 1, V>(m + r * m_stride, m_stride, columns, x, x_stride, y + r, y_stride);
}

/// V vectors at a time, then what is left in one narrower go.
template <int L, int R, int V>
void multiply_vectors(const double* m, int64_t m_stride, int64_t rows, int64_t columns, const double* x,
                      int64_t x_stride, int64_t vectors, double* y, int64_t y_stride) {
  for (; vectors >= V; vectors -= V, x += V * x_stride, y += V * y_stride) {
    multiply_rows<L, R, V>(m, m_stride, rows, columns, x, x_stride, y, y_stride);
  }
  if constexpr (V > 1) {
    if (vectors > 0) multiply_vectors<L, R, V - 1>(m, m_stride, rows, columns, x, x_stride, vectors, y, y_stride);
  }
}

/// A matrix of many rows is taken a few at a time, so that they are still cached when the next vectors come.
template <int L, int R, int V>
void matrix_times_vectors(const double* m, int64_t m_stride, int64_t rows, int64_t columns, const double* x,
                          int64_t x_stride, int64_t vectors, double* y, int64_t y_stride) {
  constexpr int64_t kRows = 4 * R;
  for (int64_t r = 0; r < rows; r += kRows) {
    const int64_t count = rows - r < kRows ? rows - r : kRows;
    multiply_vectors<L, R, V>(m + r * m_stride, m_stride, count, columns, x, x_stride, vectors, y + r, y_stride);
  }
}

}  // namespace
}  // namespace vgg16
