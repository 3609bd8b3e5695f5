// The products for vectors of VGG16_LANES doubles, in GCC's portable vector types. Included only by products_<set>.cpp,
// each of which is compiled for its own instruction set: everything here has internal linkage, so that no copy leaks
// into code for a lesser machine.
#pragma once

#include <cstring>
#if VGG16_LANES > 2
#include <immintrin.h>
#endif

#include "learn/products.h"

namespace vgg16 {
namespace {

constexpr int kLanes = VGG16_LANES;
constexpr int kFloatLanes = 2 * VGG16_LANES;

// Inside a template, or after `using`, the compiler would not see a vector: hence plain typedefs of a macro's size.
typedef double Vector __attribute__((vector_size(VGG16_LANES * sizeof(double))));
typedef float FloatVector __attribute__((vector_size(VGG16_LANES * sizeof(double))));
#if VGG16_LANES == 2
typedef float Narrow __attribute__((vector_size(VGG16_LANES * sizeof(float))));
#endif

/// The vector type of an element type; both fill one register.
template <class T>
struct VectorOf;
template <>
struct VectorOf<double> {
  using Type = Vector;
};
template <>
struct VectorOf<float> {
  using Type = FloatVector;
};

template <class T>
typename VectorOf<T>::Type load(const T* from) {
  typename VectorOf<T>::Type v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

/// The portable conversion compiles to three instructions where the machine has one.
inline Vector widen(const float* from) {
#if VGG16_LANES == 8
  return reinterpret_cast<Vector>(_mm512_maskz_cvtps_pd(0xFF, _mm256_loadu_ps(from)));
#elif VGG16_LANES == 4
  return reinterpret_cast<Vector>(_mm256_cvtps_pd(_mm_loadu_ps(from)));
#else
  Narrow v;
  std::memcpy(&v, from, sizeof(v));
  return __builtin_convertvector(v, Vector);
#endif
}

inline void store(Vector v, double* to) { std::memcpy(to, &v, sizeof(v)); }

/// A accumulators of kLanes doubles each cover A * kLanes lanes of the strip. The panel is float32, widened as it is
/// loaded: it takes half the cache, which is worth more than the conversions cost (26 against 20 Gmac/s with 8 lanes).
template <int A>
void sparse_times_lanes(const SparseBlock& block, const float* panel, double* strip) {
  for (int64_t r = 0; r < block.rows; ++r) {
    const uint32_t end = block.start[r + 1];
    uint32_t i = block.start[r];
    if (i == end) continue;
    double* out = strip + r * kPanelRows;
    Vector sum[A];
    for (int a = 0; a < A; ++a) sum[a] = load(out + a * kLanes);
    for (; i < end; ++i) {
      const float* lanes = panel + block.column[i] * kPanelRows;
      const double x = block.value[i];
      for (int a = 0; a < A; ++a) sum[a] += x * widen(lanes + a * kLanes);
    }
    for (int a = 0; a < A; ++a) store(sum[a], out + a * kLanes);
  }
}

template <int A>
void sparse_times_panel(const SparseBlock& block, const float* panel, double* strip) {
  static_assert(kPanelRows % (kLanes * A) == 0);
  for (int64_t lane = 0; lane < kPanelRows; lane += kLanes * A) {
    sparse_times_lanes<A>(block, panel + lane, strip + lane);
  }
}

template <int A>
void sparse_transposed_times_lanes(const SparseBlock& block, const float* rows, float* sum) {
  for (int64_t r = 0; r < block.rows; ++r) {
    FloatVector lanes[A];
    for (int a = 0; a < A; ++a) lanes[a] = load(rows + r * kPanelRows + a * kFloatLanes);
    for (uint32_t i = block.start[r]; i < block.start[r + 1]; ++i) {
      float* to = sum + block.column[i] * kPanelRows;
      const float x = block.value[i];
      for (int a = 0; a < A; ++a) {
        const FloatVector next = load(to + a * kFloatLanes) + x * lanes[a];
        std::memcpy(to + a * kFloatLanes, &next, sizeof(next));
      }
    }
  }
}

template <int A>
void sparse_transposed_times_rows(const SparseBlock& block, const float* rows, float* sum) {
  static_assert(kPanelRows % (kFloatLanes * A) == 0);
  for (int64_t lane = 0; lane < kPanelRows; lane += kFloatLanes * A) {
    sparse_transposed_times_lanes<A>(block, rows + lane, sum + lane);
  }
}

/// R rows by V vectors at a time: every number loaded is used R or V times.
template <class T, int R, int V>
void multiply_tile(const T* m, int64_t m_stride, int64_t columns, const T* x, int64_t x_stride, T* y,
                   int64_t y_stride) {
  using Lanes = typename VectorOf<T>::Type;
  constexpr int64_t kWidth = sizeof(Lanes) / sizeof(T);
  Lanes sum[R][V] = {};
  int64_t j = 0;
  for (; j + kWidth <= columns; j += kWidth) {
    Lanes row[R];
    for (int r = 0; r < R; ++r) row[r] = load(m + r * m_stride + j);
    for (int v = 0; v < V; ++v) {
      const Lanes factor = load(x + v * x_stride + j);
      for (int r = 0; r < R; ++r) sum[r][v] += row[r] * factor;
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      T total = 0;
      for (int l = 0; l < kWidth; ++l) total += sum[r][v][l];
      for (int64_t t = j; t < columns; ++t) total += m[r * m_stride + t] * x[v * x_stride + t];
      y[v * y_stride + r] += total;
    }
  }
}

template <class T, int R, int V>
void multiply_rows(const T* m, int64_t m_stride, int64_t rows, int64_t columns, const T* x, int64_t x_stride, T* y,
                   int64_t y_stride) {
  int64_t r = 0;
  for (; r + R <= rows; r += R)
    multiply_tile<T, R, V>(m + r * m_stride, m_stride, columns, x, x_stride, y + r, y_stride);
  for (; r < rows; ++r) multiply_tile<T, 1, V>(m + r * m_stride, m_stride, columns, x, x_stride, y + r, y_stride);
}

/// V vectors at a time, then what is left in one narrower go.
template <class T, int R, int V>
void multiply_vectors(const T* m, int64_t m_stride, int64_t rows, int64_t columns, const T* x, int64_t x_stride,
                      int64_t vectors, T* y, int64_t y_stride) {
  for (; vectors >= V; vectors -= V, x += V * x_stride, y += V * y_stride) {
    multiply_rows<T, R, V>(m, m_stride, rows, columns, x, x_stride, y, y_stride);
  }
  if constexpr (V > 1) {
    if (vectors > 0) multiply_vectors<T, R, V - 1>(m, m_stride, rows, columns, x, x_stride, vectors, y, y_stride);
  }
}

/// A matrix of many rows is taken a few at a time, so that they are still cached when the next vectors come.
template <class T, int R, int V>
void matrix_times_vectors(const T* m, int64_t m_stride, int64_t rows, int64_t columns, const T* x, int64_t x_stride,
                          int64_t vectors, T* y, int64_t y_stride) {
  constexpr int64_t kRows = 4 * R;
  for (int64_t r = 0; r < rows; r += kRows) {
    const int64_t count = rows - r < kRows ? rows - r : kRows;
    multiply_vectors<T, R, V>(m + r * m_stride, m_stride, count, columns, x, x_stride, vectors, y + r, y_stride);
  }
}

}  // namespace
}  // namespace vgg16
