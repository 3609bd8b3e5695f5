// The operations of kernels/ as plain loops with sums in double, simple enough to be checked by reading. Tests and
// benchmarks compare the fast versions with these; the program does not contain them. Activations are (n, h, w, c),
// row-major, one value after another.
#pragma once

#include <cstdint>
#include <vector>

#include "vgg16/preprocess.h"
#include "vgg16/tensor.h"

namespace vgg16 {

/// A result in double and, per element, the sum of the absolute values of its terms. A float32 sum of K terms may
/// differ from `values` by a small multiple of eps * sqrt(K) * magnitude (tests/support/tolerance.h).
struct Reference {
  std::vector<double> values;
  std::vector<double> magnitudes;
};

/// y[i,j,o] = max(b[o] + sum over kh, kw, c of x[i+kh-1, j+kw-1, c] w[kh,kw,c,o], 0), zero padding; x (n, h, w, ic),
/// w (3, 3, ic, oc) row-major. Source: arXiv:1409.1556, section 2.1.
[[nodiscard]] Reference conv3x3_relu_reference(const double* x, Shape4 shape, const float* w, const float* b, int oc);

/// 2x2, stride 2: y[n,i,j,c] = max x[n, 2i..2i+1, 2j..2j+1, c].
[[nodiscard]] std::vector<double> maxpool2x2_reference(const double* x, Shape4 shape);

/// y[n,i,j,c] = mean, or maximum, of x[n,k,l,c] over floor(i h / side) <= k < ceil((i + 1) h / side) and
/// floor(j w / side) <= l < ceil((j + 1) w / side); y (n, side, side, c). NaN stays NaN. Source: PyTorch's
/// AdaptiveAvgPool2d and AdaptiveMaxPool2d.
[[nodiscard]] Reference adaptive_avg_pool_reference(const double* x, Shape4 shape, int side);
[[nodiscard]] std::vector<double> adaptive_max_pool_reference(const double* x, Shape4 shape, int side);

/// y[n,i,j,c] = max(x[n,i,j,c] + b[c], 0).
[[nodiscard]] std::vector<double> bias_relu_reference(const double* x, Shape4 shape, const float* b);

/// Pixels, uint8 (count, 3) RGB, to BGR minus the mean in float32; no border.
[[nodiscard]] std::vector<double> preprocess_reference(const uint8_t* pixels,
                                                       int64_t count = int64_t{kInputSide} * kInputSide);

}  // namespace vgg16
