// Tolerances that are computed, not tuned.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace vgg16 {

/// How much F(m x m, 3 x 3) enlarges rounding errors over a direct convolution, as a ratio of standard deviations.
///
/// In one dimension y = A^T [(G g) . (B^T d)]. Independent relative rounding errors of equal size in the transformed
/// kernel, the transformed input and their product reach output j with variance sum_i A_ij^2 |G_i|^2 |B_i|^2 (for g and
/// d of independent entries of unit variance), a direct sum of three products with variance 3. The ratio is the square
/// root of their quotient at the worst j, and in two dimensions, where the transforms are Kronecker products, its
/// square.
inline double winograd_amplification(int m) {
  const double s = std::sqrt(0.5);
  const std::vector<double> points = m == 2   ? std::vector<double>{0, 1, -1}
                                     : m == 4 ? std::vector<double>{0, s, -s, 2 * s, -2 * s}
                                              : std::vector<double>{0, 1, -1, 2, -2, 0.5, -0.5};
  const auto product_of_others = [&](size_t skipped) {  // coefficients of prod (x - p) over the other points
    std::vector<double> polynomial = {1};
    for (size_t j = 0; j < points.size(); ++j) {
      if (j == skipped) continue;
      polynomial.push_back(0);
      for (size_t k = polynomial.size() - 1; k > 0; --k) polynomial[k] = polynomial[k - 1] - points[j] * polynomial[k];
      polynomial[0] *= -points[j];
    }
    return polynomial;
  };
  const auto squares = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value * value;
    return sum;
  };
  double worst = 0;
  for (int j = 0; j < m; ++j) {
    double variance = j == m - 1 ? squares(product_of_others(points.size())) : 0;  // the point at infinity
    for (size_t i = 0; i < points.size(); ++i) {
      const double p = points[i];
      double derivative = 1;
      for (size_t other = 0; other < points.size(); ++other) derivative *= other == i ? 1 : p - points[other];
      variance += std::pow(p, 2 * j) * squares({1 / derivative, p / derivative, p * p / derivative}) *
                  squares(product_of_others(i));
    }
    worst = std::max(worst, variance);
  }
  return worst / 3;
}

/// How far a float32 sum of `k` products may be from the exact one: 2 eps sqrt(k) sum|a b|.
inline double sum_tolerance(int k, double magnitude) {
  return 2 * static_cast<double>(std::numeric_limits<float>::epsilon()) * std::sqrt(static_cast<double>(k)) * magnitude;
}

/// The same for a Winograd convolution over ic channels. Errors spread over a whole tile, so `magnitude` is the largest
/// sum|a b| of any output.
inline double winograd_tolerance(int m, int ic, double magnitude) {
  return winograd_amplification(m) * sum_tolerance(9 * ic, magnitude);
}

/// What rounding both operands of every product to bfloat16 adds: each moves a product by up to 2^-9 of it, and
/// Winograd's transforms spread and enlarge the sum of these as they do with other errors.
inline double bf16_operand_tolerance(int m, double magnitude) { return winograd_amplification(m) * 0x1p-8 * magnitude; }

}  // namespace vgg16
