// The arithmetic of one thread of convert_cuda. Contract in convert.h.
#pragma once

#include "kernels/vector.cuh"

namespace vgg16 {

/// Numbers that one thread converts: one vector of 16-bit numbers, two of float32, so that every access is 16 bytes.
inline constexpr int kConvertCount = 8;

/// Numbers 8t .. 8t+7 of 16 bits to float32.
template <class T>
__host__ __device__ inline void widen_vector(uint32_t t, const Vector<T>* __restrict__ in,
                                             Vector<float>* __restrict__ out) {
  const Vector<T> x = in[t];
  VGG16_UNROLL
  for (int half = 0; half < 2; ++half) {
    Vector<float> y;
    VGG16_UNROLL
    for (int i = 0; i < 4; ++i) y.v[i] = to_float(x.v[4 * half + i]);
    out[size_t{2} * t + static_cast<size_t>(half)] = y;
  }
}

/// Numbers 8t .. 8t+7 of float32 to 16 bits.
template <class T>
__host__ __device__ inline void narrow_vector(uint32_t t, const Vector<float>* __restrict__ in,
                                              Vector<T>* __restrict__ out) {
  Vector<T> y;
  VGG16_UNROLL
  for (int half = 0; half < 2; ++half) {
    const Vector<float> x = in[size_t{2} * t + static_cast<size_t>(half)];
    VGG16_UNROLL
    for (int i = 0; i < 4; ++i) y.v[4 * half + i] = from_float<T>(x.v[i]);
  }
  out[t] = y;
}

}  // namespace vgg16
