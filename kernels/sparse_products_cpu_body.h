// The functions of sparse_products.h, written once with GCC's portable vector types, and compiled once per instruction
// set by sparse_products_cpu_*.cpp. Everything has internal linkage: otherwise the linker would keep one copy of each
// inline function for the whole program, possibly one that the machine cannot run.
#pragma once

#include <cstring>
#include <initializer_list>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "kernels/sparse_products.h"

namespace vgg16 {
namespace {

// VGG16_LANES: doubles in one register. kPanelSums: registers for the sums of a sparse product. kFullRows x kFullLanes:
// registers for the sums (or, transposed, for the factors) of a product with rows without zeros. kRowsAtATime x
// kVectorsAtATime: the tile of the dense product, one register per sum. The other registers (of 32 with AVX-512, else
// 16) hold operands.
#if defined(__AVX512F__)
#define VGG16_LANES 8
constexpr int kPanelSums = 8, kFullLanes = 4, kRowsAtATime = 4, kVectorsAtATime = 6;
#elif defined(__AVX2__)
#define VGG16_LANES 4
constexpr int kPanelSums = 8, kFullLanes = 2, kRowsAtATime = 4, kVectorsAtATime = 3;
#else
#define VGG16_LANES 2
constexpr int kPanelSums = 4, kFullLanes = 2, kRowsAtATime = 2, kVectorsAtATime = 4;
#endif
constexpr int kFullRows = 4;
constexpr int kLanes = VGG16_LANES;
constexpr int kFloatLanes = 2 * VGG16_LANES;

// Plain typedefs with a size from a macro: GCC ignores vector_size if the size depends on a template parameter or the
// alias is made by `using`.
typedef double Vector __attribute__((vector_size(VGG16_LANES * sizeof(double))));
typedef float FloatVector __attribute__((vector_size(VGG16_LANES * sizeof(double))));
typedef int64_t IntegerVector __attribute__((vector_size(VGG16_LANES * sizeof(double))));

typedef double Pair __attribute__((vector_size(16)));
typedef float Quad __attribute__((vector_size(16)));
#if VGG16_LANES == 8
typedef double HalfVector __attribute__((vector_size(32)));
typedef float HalfFloatVector __attribute__((vector_size(32)));
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

template <class V, class T>
void store(const V& v, T* to) {
  std::memcpy(to, &v, sizeof(v));
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/// The places of the bits that are set in a byte, in ascending order, one per byte.
struct Places {
  uint64_t of[256] = {};
};
constexpr Places kPlaces = [] {
  Places places;
  for (unsigned byte = 0; byte < 256; ++byte) {
    int count = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) places.of[byte] |= uint64_t{bit} << 8 * count++;
    }
  }
  return places;
}();
#endif

inline int64_t keep_nonzeros(const float* row, int64_t width, float* value, uint8_t* column) {
  int64_t kept = 0;
  int64_t d = 0;
#ifdef __AVX512F__
  __m512i at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (; d + 16 <= width; d += 16) {
    const __m512 x = _mm512_loadu_ps(row + d);
    const __mmask16 keep = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    _mm512_storeu_ps(value + kept, _mm512_maskz_compress_ps(keep, x));
    const __m128i places = _mm512_maskz_cvtepi32_epi8(0xFFFF, _mm512_maskz_compress_epi32(keep, at));
    std::memcpy(column + kept, &places, sizeof(places));
    kept += __builtin_popcount(keep);
    at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
  }
#elif defined(__AVX2__)
  for (; d + 8 <= width; d += 8) {
    const __m256 x = _mm256_loadu_ps(row + d);
    const auto keep = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
    const __m128i places = _mm_cvtsi64_si128(static_cast<int64_t>(kPlaces.of[keep]));
    _mm256_storeu_ps(value + kept, _mm256_permutevar8x32_ps(x, _mm256_cvtepu8_epi32(places)));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(column + kept),
                     _mm_add_epi8(places, _mm_set1_epi8(static_cast<char>(d))));
    kept += __builtin_popcount(keep);
  }
#endif
  // Without a branch, which would be mispredicted: every number is written, and overwritten by the next one if it is
  // zero.
  for (; d < width; ++d) {
    value[kept] = row[d];
    column[kept] = static_cast<uint8_t>(d);
    kept += row[d] != 0 ? 1 : 0;
  }
  return kept;
}

/// Features that are not the output of a ReLU have hardly any zeros. If the rows [r, r + kFullRows) have numbers in the
/// same columns [0, n), returns n, else 0. Such rows are multiplied together, so that a number that is loaded serves
/// all of them; every sum has the same terms in the same order as row by row, so it has the same bits.
inline uint32_t full_columns(const SparseBlock& block, int64_t r) {
  if (r + kFullRows > block.rows) return 0;
  const uint32_t n = block.start[r + 1] - block.start[r];
  for (int i = 0; i < kFullRows; ++i) {
    const uint32_t end = block.start[r + i + 1];
    // Columns ascend, so the last of n columns is n - 1 only if none is missing.
    if (n == 0 || end - block.start[r + i] != n || block.column[end - 1] != n - 1) return 0;
  }
  return n;
}

/// sparse_times_panel for the rows [r, r + kFullRows), which have numbers in the columns [0, n).
template <int A>
void full_rows_times_panel(const SparseBlock& block, int64_t r, uint32_t n, const Lanes<double>* panel,
                           Lanes<double>* strip) {
  double x[kBlockColumns][kFullRows];
  for (int i = 0; i < kFullRows; ++i) {
    for (uint32_t d = 0; d < n; ++d) x[d][i] = block.value[block.start[r + i] + d];
  }
  for (int64_t first = 0; first < kPanelRows; first += kLanes * A) {
    Vector sum[kFullRows][A];
    for (int i = 0; i < kFullRows; ++i) {
      for (int a = 0; a < A; ++a) sum[i][a] = load(strip[r + i].at + first + a * kLanes);
    }
    for (uint32_t d = 0; d < n; ++d) {
      for (int a = 0; a < A; ++a) {
        const Vector lanes = load(panel[d].at + first + a * kLanes);
        for (int i = 0; i < kFullRows; ++i) sum[i][a] += x[d][i] * lanes;
      }
    }
    for (int i = 0; i < kFullRows; ++i) {
      for (int a = 0; a < A; ++a) store(sum[i][a], strip[r + i].at + first + a * kLanes);
    }
  }
}

/// sparse_times_panel for one row, A registers of lanes at a time, whose sums stay there. Each time the row is read
/// again, which is small.
template <int A>
void sparse_row_times_panel(const SparseBlock& block, int64_t r, const Lanes<double>* panel, Lanes<double>* strip) {
  static_assert(kPanelRows % (kLanes * A) == 0);
  const uint32_t begin = block.start[r];
  const uint32_t end = block.start[r + 1];
  if (begin == end) return;
  for (int64_t first = 0; first < kPanelRows; first += kLanes * A) {
    double* out = strip[r].at + first;
    Vector sum[A];
    for (int a = 0; a < A; ++a) sum[a] = load(out + a * kLanes);
    for (uint32_t i = begin; i < end; ++i) {
      const double* lanes = panel[block.column[i]].at + first;
      const double x = block.value[i];
      for (int a = 0; a < A; ++a) sum[a] += x * load(lanes + a * kLanes);
    }
    for (int a = 0; a < A; ++a) store(sum[a], out + a * kLanes);
  }
}

inline void sparse_times_panel(const SparseBlock& block, const Lanes<double>* panel, Lanes<double>* strip) {
  for (int64_t r = 0; r < block.rows;) {
    if (const uint32_t n = full_columns(block, r)) {
      full_rows_times_panel<kFullLanes>(block, r, n, panel, strip);
      r += kFullRows;
    } else {
      sparse_row_times_panel<kPanelSums>(block, r++, panel, strip);
    }
  }
}

/// sparse_transposed_times_rows for the rows [r, r + kFullRows), which have numbers in the columns [0, n).
template <int A>
void full_rows_transposed(const SparseBlock& block, int64_t r, uint32_t n, const Lanes<float>* rows,
                          Lanes<float>* sum) {
  const float* x[kFullRows];
  for (int i = 0; i < kFullRows; ++i) x[i] = block.value + block.start[r + i];
  for (int64_t first = 0; first < kPanelRows; first += kFloatLanes * A) {
    FloatVector lanes[kFullRows][A];
    for (int i = 0; i < kFullRows; ++i) {
      for (int a = 0; a < A; ++a) lanes[i][a] = load(rows[r + i].at + first + a * kFloatLanes);
    }
    for (uint32_t d = 0; d < n; ++d) {
      for (int a = 0; a < A; ++a) {
        float* to = sum[d].at + first + a * kFloatLanes;
        FloatVector total = load(to);
        for (int i = 0; i < kFullRows; ++i) total += x[i][d] * lanes[i][a];
        store(total, to);
      }
    }
  }
}

/// sparse_transposed_times_rows for one row, A registers of lanes at a time.
template <int A>
void sparse_row_transposed(const SparseBlock& block, int64_t r, const Lanes<float>* rows, Lanes<float>* sum) {
  static_assert(kPanelRows % (kFloatLanes * A) == 0);
  for (int64_t first = 0; first < kPanelRows; first += kFloatLanes * A) {
    FloatVector lanes[A];
    for (int a = 0; a < A; ++a) lanes[a] = load(rows[r].at + first + a * kFloatLanes);
    for (uint32_t i = block.start[r]; i < block.start[r + 1]; ++i) {
      float* to = sum[block.column[i]].at + first;
      const float x = block.value[i];
      for (int a = 0; a < A; ++a) store(load(to + a * kFloatLanes) + x * lanes[a], to + a * kFloatLanes);
    }
  }
}

inline void sparse_transposed_times_rows(const SparseBlock& block, const Lanes<float>* rows, Lanes<float>* sum) {
  for (int64_t r = 0; r < block.rows;) {
    if (const uint32_t n = full_columns(block, r)) {
      full_rows_transposed<kFullLanes>(block, r, n, rows, sum);
      r += kFullRows;
    } else {
      sparse_row_transposed<4>(block, r++, rows, sum);
    }
  }
}

inline void add_weighted_rows(const SparseBlock& block, int64_t rows, const EightLanes* weight, int64_t groups,
                              EightLanes* sum) {
  for (int64_t r = 0; r < rows; ++r) {
    for (uint32_t i = block.start[r]; i < block.start[r + 1]; ++i) {
      const EightLanes* lanes = weight + r * groups;
      EightLanes* to = sum + block.column[i] * groups;
      const double x = block.value[i];
      for (int64_t g = 0; g < groups; ++g) {
        for (int l = 0; l < kEight; l += kLanes) store(load(to[g].at + l) + x * load(lanes[g].at + l), to[g].at + l);
      }
    }
  }
}

/// The sum of the two halves of a vector, as a vector of half the size.
template <class Half, class Whole>
Half fold(const Whole& v) {
  Half half[2];
  std::memcpy(half, &v, sizeof(v));
  return half[0] + half[1];
}

#if VGG16_LANES == 8
inline Pair folded(const Vector& v) { return fold<Pair>(fold<HalfVector>(v)); }
inline Quad folded(const FloatVector& v) { return fold<Quad>(fold<HalfFloatVector>(v)); }
#elif VGG16_LANES == 4
inline Pair folded(const Vector& v) { return fold<Pair>(v); }
inline Quad folded(const FloatVector& v) { return fold<Quad>(v); }
#else
inline Pair folded(const Vector& v) { return v; }
inline Quad folded(const FloatVector& v) { return v; }
#endif

inline double total(const Vector& v) {
  const Pair p = folded(v);
  return p[0] + p[1];
}

inline float total(const FloatVector& v) {
  const Quad q = folded(v);
  return (q[0] + q[2]) + (q[1] + q[3]);
}

/// R rows by V vectors: every loaded number of the vectors is used R times and every loaded number of the rows V times.
/// The sum over the columns is kept in one register of partial sums per result, added up at the end.
template <class T, int R, int V>
void multiply_tile(const T* m, int64_t m_stride, int64_t columns, const T* x, int64_t x_stride, T* y,
                   int64_t y_stride) {
  using Register = typename VectorOf<T>::Type;
  constexpr int64_t kWidth = sizeof(Register) / sizeof(T);
  Register sum[R][V] = {};
  int64_t j = 0;
  for (; j + kWidth <= columns; j += kWidth) {
    Register row[R];
    for (int r = 0; r < R; ++r) row[r] = load(m + r * m_stride + j);
    for (int v = 0; v < V; ++v) {
      const Register factor = load(x + v * x_stride + j);
      for (int r = 0; r < R; ++r) sum[r][v] += row[r] * factor;
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      T whole = total(sum[r][v]);
      for (int64_t t = j; t < columns; ++t) whole += m[r * m_stride + t] * x[v * x_stride + t];
      y[v * y_stride + r] += whole;
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

/// V vectors at a time; for the rest, recursively, a narrower tile.
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

/// 4 R rows of the matrix at a time, so that they are still in the cache when they are multiplied with the next
/// vectors.
template <class T, int R, int V>
void matrix_times_vectors(const T* m, int64_t m_stride, int64_t rows, int64_t columns, const T* x, int64_t x_stride,
                          int64_t vectors, T* y, int64_t y_stride) {
  constexpr int64_t kRows = 4 * R;
  for (int64_t r = 0; r < rows; r += kRows) {
    const int64_t count = rows - r < kRows ? rows - r : kRows;
    multiply_vectors<T, R, V>(m + r * m_stride, m_stride, count, columns, x, x_stride, vectors, y + r, y_stride);
  }
}

/// exp(x) for x <= 0, as 2^n exp(r) with n the integer nearest to x / log(2), so |r| <= log(2) / 2, and exp(r) by its
/// Taylor series of degree 13. log(2) is subtracted in two parts (Cody and Waite), so that r loses no digits.
inline Vector exponential(Vector x) {
  constexpr double kLeast = -708;
  // Adding 1.5 * 2^52 rounds to an integer, because doubles of that size have no fraction; their low bits are that
  // integer.
  constexpr double kInteger = 0x1.8p52;
  x = x < kLeast ? Vector{} + kLeast : x;
  const Vector shifted = x * 0x1.71547652b82fep0 + kInteger;
  const Vector n = shifted - kInteger;
  const Vector r = x - n * 0x1.62e42feep-1 - n * 0x1.a39ef35793c76p-33;
  Vector series = Vector{} + 1.0 / 6227020800.0;
  for (const double term : {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                            1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0}) {
    series = series * r + term;
  }
  const IntegerVector exponent = ((IntegerVector)shifted + 1023) << 52;
  return series * (Vector)exponent;
}

inline void add_exponentials(const double* x, const double* highest, double shift, int64_t count, double* out,
                             double* sum) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Vector e = exponential(load(x + i) + shift - load(highest + i));
    store(e, out + i);
    store(load(sum + i) + e, sum + i);
  }
  for (; i < count; ++i) {
    const Vector e = exponential(Vector{} + (x[i] + shift - highest[i]));
    out[i] = e[0];
    sum[i] += e[0];
  }
}

constexpr SparseProducts kProducts = {VGG16_ISA_NAME,
                                      keep_nonzeros,
                                      sparse_times_panel,
                                      sparse_transposed_times_rows,
                                      add_weighted_rows,
                                      matrix_times_vectors<double, kRowsAtATime, kVectorsAtATime>,
                                      matrix_times_vectors<float, kRowsAtATime, kVectorsAtATime>,
                                      add_exponentials};

}  // namespace
}  // namespace vgg16
