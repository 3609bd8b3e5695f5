// One-dimensional Winograd transforms F(m, 3), m = 2, 4, 6, over vectors of channels. Applied to rows and then columns
// they give the two-dimensional F(m x m, 3 x 3).
//
// The Toom-Cook construction with the points p_1 .. p_{m+1} and infinity (Lavin and Gray, arXiv:1509.09308; Barabasz et
// al., arXiv:1803.10986 for the choice of points, which decides how much is lost to rounding): m outputs y of a filter
// g over m + 2 inputs d are y = A^T [(G g) . (B^T d)], "." element by element, with M(x) = prod (x - p_i),
//   B^T row i:   coefficients of M(x) / (x - p_i),  last row: coefficients of M(x)
//   G row i:     (1, p_i, p_i^2) / M'(p_i),         last row: (0, 0, 1)
//   A^T row j:   p_i^j,                             last column: 0 ... 0 1
// Points come in pairs +-p, so most sums are computed once for two rows. In B^T d the rows of p and -p are e + p o and
// e - p o, where o is the same combination as e of the inputs shifted by one. In A^T m the two products of a pair are
// first added and subtracted: even powers of p need their sum, odd powers their difference.
#pragma once

#include "kernels/simd.h"

namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;

// Points in the order of the rows; infinity is always the last row and is not listed. F(4) uses +-1/sqrt(2) and
// +-sqrt(2) in place of the usual +-1 and +-2.
template <int M>
struct Points;
template <>
struct Points<2> {
  static constexpr double value[3] = {0, 1, -1};
};
template <>
struct Points<4> {
  static constexpr double value[5] = {0, kSqrtHalf, -kSqrtHalf, 2 * kSqrtHalf, -2 * kSqrtHalf};
};
template <>
struct Points<6> {
  static constexpr double value[7] = {0, 1, -1, 2, -2, 0.5, -0.5};
};

/// The (M + 2) x 3 matrix G, in double.
template <int M>
struct KernelTransform {
  double g[M + 2][3] = {};
  constexpr KernelTransform() {
    for (int i = 0; i < M + 1; ++i) {
      double derivative = 1;
      for (int j = 0; j < M + 1; ++j) derivative *= j == i ? 1 : Points<M>::value[i] - Points<M>::value[j];
      const double p = Points<M>::value[i];
      g[i][0] = 1 / derivative;
      g[i][1] = p / derivative;
      g[i][2] = p * p / derivative;
    }
    g[M + 1][2] = 1;
  }
};

VGG16_INLINE Vec times(float a, Vec b) { return broadcast(a) * b; }
VGG16_INLINE Vec fma(float a, Vec b, Vec c) { return fma(broadcast(a), b, c); }

// r = B^T d.
VGG16_INLINE void input_1d(const Vec (&d)[4], Vec (&r)[4]) {
  r[0] = d[2] - d[0];
  r[1] = d[2] + d[1];
  r[2] = d[2] - d[1];
  r[3] = d[3] - d[1];
}

VGG16_INLINE void input_1d(const Vec (&d)[6], Vec (&r)[6]) {
  constexpr float kA = static_cast<float>(kSqrtHalf);
  constexpr float kB = static_cast<float>(2 * kSqrtHalf);
  r[0] = fma(-2.5F, d[2], d[4] + d[0]);
  const Vec even_a = fma(-2.0F, d[2], d[4]);
  const Vec odd_a = fma(-2.0F, d[1], d[3]);
  r[1] = fma(kA, odd_a, even_a);
  r[2] = fma(-kA, odd_a, even_a);
  const Vec even_b = fma(-0.5F, d[2], d[4]);
  const Vec odd_b = fma(-0.5F, d[1], d[3]);
  r[3] = fma(kB, odd_b, even_b);
  r[4] = fma(-kB, odd_b, even_b);
  r[5] = fma(-2.5F, d[3], d[5] + d[1]);
}

VGG16_INLINE void input_1d(const Vec (&d)[8], Vec (&r)[8]) {
  r[0] = fma(5.25F, d[2] - d[4], d[6] - d[0]);
  const Vec even_1 = fma(-4.25F, d[4], d[6] + d[2]);
  const Vec odd_1 = fma(-4.25F, d[3], d[5] + d[1]);
  r[1] = even_1 + odd_1;
  r[2] = even_1 - odd_1;
  const Vec even_2 = fma(0.25F, d[2], fma(-1.25F, d[4], d[6]));
  const Vec odd_2 = fma(0.25F, d[1], fma(-1.25F, d[3], d[5]));
  r[3] = fma(2.0F, odd_2, even_2);
  r[4] = fma(-2.0F, odd_2, even_2);
  const Vec even_3 = fma(4.0F, d[2], fma(-5.0F, d[4], d[6]));
  const Vec odd_3 = fma(4.0F, d[1], fma(-5.0F, d[3], d[5]));
  r[5] = fma(0.5F, odd_3, even_3);
  r[6] = fma(-0.5F, odd_3, even_3);
  r[7] = fma(5.25F, d[3] - d[5], d[7] - d[1]);
}

// y = A^T m.
VGG16_INLINE void output_1d(const Vec (&m)[4], Vec (&y)[2]) {
  y[0] = m[0] + (m[1] + m[2]);
  y[1] = (m[1] - m[2]) + m[3];
}

VGG16_INLINE void output_1d(const Vec (&m)[6], Vec (&y)[4]) {
  constexpr float kA = static_cast<float>(kSqrtHalf);
  constexpr float kB = static_cast<float>(2 * kSqrtHalf);
  const Vec sum_a = m[1] + m[2];
  const Vec difference_a = m[1] - m[2];
  const Vec sum_b = m[3] + m[4];
  const Vec difference_b = m[3] - m[4];
  y[0] = m[0] + (sum_a + sum_b);
  y[1] = fma(kA, difference_a, times(kB, difference_b));
  y[2] = fma(0.5F, sum_a, times(2.0F, sum_b));
  y[3] = fma(0.5F * kA, difference_a, fma(2.0F * kB, difference_b, m[5]));
}

VGG16_INLINE void output_1d(const Vec (&m)[8], Vec (&y)[6]) {
  const Vec sum_1 = m[1] + m[2];
  const Vec difference_1 = m[1] - m[2];
  const Vec sum_2 = m[3] + m[4];
  const Vec difference_2 = m[3] - m[4];
  const Vec sum_3 = m[5] + m[6];
  const Vec difference_3 = m[5] - m[6];
  y[0] = (m[0] + sum_1) + (sum_2 + sum_3);
  y[1] = fma(2.0F, difference_2, fma(0.5F, difference_3, difference_1));
  y[2] = fma(4.0F, sum_2, fma(0.25F, sum_3, sum_1));
  y[3] = fma(8.0F, difference_2, fma(0.125F, difference_3, difference_1));
  y[4] = fma(16.0F, sum_2, fma(0.0625F, sum_3, sum_1));
  y[5] = fma(32.0F, difference_2, fma(0.03125F, difference_3, difference_1 + m[7]));
}

}  // namespace
