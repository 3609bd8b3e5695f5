// The arithmetic of one thread of the max-pooling kernels. Contract in maxpool.h.
#pragma once

#include "kernels/vector.cuh"

namespace vgg16 {

/// The sizes that a thread needs, in vectors.
struct MaxpoolShape {
  uint32_t out_w;
  uint32_t vectors_per_pixel;
};

/// Element by element; NaN if either is NaN. The arguments are values because nvcc 13.0, given references, loads 16-bit
/// numbers one at a time.
template <class T>
__host__ __device__ inline Vector<T> max_or_nan(Vector<T> a, Vector<T> b) {
  Vector<T> y;
  VGG16_UNROLL
  for (int i = 0; i < Vector<T>::kCount; ++i)  // one of the two, so converting it back is exact
    y.v[i] = from_float<T>(max_or_nan(to_float(a.v[i]), to_float(b.v[i])));
  return y;
}

/// Vector t of the output. Because h is even, output row r (over n and i together) reads input rows 2r and 2r + 1.
/// kBias adds bias[c] and takes the ReLU of the maximum.
template <class T, bool kBias>
__host__ __device__ inline void maxpool2x2_vector(uint32_t t, MaxpoolShape shape, const Vector<T>* __restrict__ in,
                                                  const float* __restrict__ bias, Vector<T>* __restrict__ out) {
  const uint32_t c = t % shape.vectors_per_pixel;
  const uint32_t pixel = t / shape.vectors_per_pixel;
  const uint32_t j = pixel % shape.out_w;
  const uint32_t r = pixel / shape.out_w;
  const size_t row = size_t{2} * shape.out_w * shape.vectors_per_pixel;  // one input row
  const Vector<T>* top = in + 2 * r * row + size_t{2} * j * shape.vectors_per_pixel + c;
  const Vector<T>* bottom = top + row;
  Vector<T> y = max_or_nan(max_or_nan(top[0], top[shape.vectors_per_pixel]),
                           max_or_nan(bottom[0], bottom[shape.vectors_per_pixel]));
  if constexpr (kBias) {
    float b[Vector<T>::kCount];
    load_bias<T>(bias, c, b);
    VGG16_UNROLL
    for (int i = 0; i < Vector<T>::kCount; ++i) y.v[i] = from_float<T>(relu(to_float(y.v[i]) + b[i]));
  }
  out[t] = y;
}

}  // namespace vgg16
