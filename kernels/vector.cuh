// Vector<T>: 16 bytes of numbers, the most that one thread loads or stores with one instruction. Arithmetic is float32.
//
// The functions here also compile for the host, where tests run the kernels that use them.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#ifdef __CUDA_ARCH__
#define VGG16_UNROLL _Pragma("unroll")
#define VGG16_NO_UNROLL _Pragma("unroll 1")
#else
#define VGG16_UNROLL
#define VGG16_NO_UNROLL
#endif

namespace vgg16 {

template <class T>
struct alignas(16) Vector {
  static constexpr int kCount = static_cast<int>(16 / sizeof(T));
  T v[kCount];
};

__host__ __device__ inline float to_float(float x) { return x; }
__host__ __device__ inline float to_float(__half x) { return __half2float(x); }
__host__ __device__ inline float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }

/// Rounds to nearest even.
template <class T>
__host__ __device__ inline T from_float(float x);
template <>
__host__ __device__ inline float from_float<float>(float x) {
  return x;
}
template <>
__host__ __device__ inline __half from_float<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__host__ __device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

/// NaN stays NaN in both, unlike with fmaxf: float16 overflows above 65,504, and the infinities and NaNs that follow
/// must reach the check of the finished row instead of becoming plausible numbers.
__host__ __device__ inline float relu(float x) { return x < 0.0F ? 0.0F : x; }
__host__ __device__ inline float max_or_nan(float a, float b) { return a > b || a != a ? a : b; }

/// The biases of the channels in vector `c` of a pixel, loaded as vectors of four floats.
template <class T>
__host__ __device__ inline void load_bias(const float* bias, uint32_t c, float (&b)[Vector<T>::kCount]) {
  const auto* from = reinterpret_cast<const Vector<float>*>(bias) + c * (Vector<T>::kCount / 4);
  VGG16_UNROLL
  for (int i = 0; i < Vector<T>::kCount; i += 4) {
    const Vector<float> four = from[i / 4];
    VGG16_UNROLL
    for (int j = 0; j < 4; ++j) b[i + j] = four.v[j];
  }
}

}  // namespace vgg16
