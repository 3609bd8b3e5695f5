// The arithmetic of one thread of bias_relu_cuda. Contract in bias_relu.h.
#pragma once

#include "kernels/vector.cuh"

namespace vgg16 {

/// Vector t of the activation, which is vector t % vectors_per_pixel of its pixel. `in` may be `out`.
template <class T>
__host__ __device__ inline void bias_relu_vector(uint32_t t, uint32_t vectors_per_pixel, const Vector<T>* in,
                                                 const float* __restrict__ bias, Vector<T>* out) {
  float b[Vector<T>::kCount];
  load_bias<T>(bias, t % vectors_per_pixel, b);
  Vector<T> x = in[t];
  VGG16_UNROLL
  for (int i = 0; i < Vector<T>::kCount; ++i) x.v[i] = from_float<T>(relu(to_float(x.v[i]) + b[i]));
  out[t] = x;
}

}  // namespace vgg16
