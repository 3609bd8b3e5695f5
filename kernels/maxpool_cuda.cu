// Contract in maxpool.h. Limited by memory bandwidth: four numbers are read and one is written per output.
#include "kernels/launch.cuh"
#include "kernels/maxpool.h"

namespace vgg16 {
namespace {

// The sizes that a thread needs, in vectors.
struct MaxpoolShape {
  uint32_t out_w;
  uint32_t vectors_per_pixel;
};

// Element by element; NaN if either is NaN. The arguments are values because nvcc 13.0, given references, loads 16-bit
// numbers one at a time.
template <class T>
__device__ inline Vector<T> vector_max_or_nan(Vector<T> a, Vector<T> b) {
  Vector<T> y;
  VGG16_UNROLL
  for (int i = 0; i < Vector<T>::kCount; ++i)  // one of the two, so converting it back is exact
    y.v[i] = from_float<T>(max_or_nan(to_float(a.v[i]), to_float(b.v[i])));
  return y;
}

// One thread per vector of the output. Because h is even, output row r (over n and i together) reads input rows 2r and
// 2r + 1. kBias adds bias[c] and takes the ReLU of the maximum.
template <class T, bool kBias>
__global__ void __launch_bounds__(kThreads)
    maxpool2x2_kernel(const Vector<T>* __restrict__ in, const float* __restrict__ bias, Vector<T>* __restrict__ out,
                      MaxpoolShape shape, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t >= count) return;
  const uint32_t c = t % shape.vectors_per_pixel;
  const uint32_t pixel = t / shape.vectors_per_pixel;
  const uint32_t j = pixel % shape.out_w;
  const uint32_t r = pixel / shape.out_w;
  const size_t row = size_t{2} * shape.out_w * shape.vectors_per_pixel;  // one input row
  const Vector<T>* top = in + 2 * r * row + size_t{2} * j * shape.vectors_per_pixel + c;
  const Vector<T>* bottom = top + row;
  Vector<T> y = vector_max_or_nan(vector_max_or_nan(top[0], top[shape.vectors_per_pixel]),
                                  vector_max_or_nan(bottom[0], bottom[shape.vectors_per_pixel]));
  if constexpr (kBias) {
    float b[Vector<T>::kCount];
    load_bias<T>(bias, c, b);
    VGG16_UNROLL
    for (int i = 0; i < Vector<T>::kCount; ++i) y.v[i] = from_float<T>(relu(to_float(y.v[i]) + b[i]));
  }
  out[t] = y;
}

// One launcher for both operations: without a bias the kernel neither adds nor applies ReLU.
void launch_maxpool(const char* name, DeviceIn in, const float* bias, DeviceOut out, CudaStream stream) {
  require_vectors(name, in);
  require_vectors(name, out);
  const Shape4 x = in.shape;
  require_shape(x.h % 2 == 0 && x.w % 2 == 0, "maxpool2x2_cuda: h and w must be even");
  require_shape(out.shape == Shape4{x.n, x.h / 2, x.w / 2, x.c} && in.type == out.type,
                "maxpool2x2_cuda: out must be (n, h/2, w/2, c) of in's type");
  require_shape(reinterpret_cast<uintptr_t>(bias) % 16 == 0, "maxpool2x2_cuda: bias is not aligned to 16 bytes");
  with_type(in.type, [&](auto element) {
    using T = decltype(element);
    const int64_t count = out.shape.count() / Vector<T>::kCount;
    const auto kernel = bias == nullptr ? maxpool2x2_kernel<T, false> : maxpool2x2_kernel<T, true>;
    const MaxpoolShape shape = {static_cast<uint32_t>(out.shape.w), static_cast<uint32_t>(x.c / Vector<T>::kCount)};
    launch(name, kernel, grid_for(count), stream, static_cast<const Vector<T>*>(in.data), bias,
           static_cast<Vector<T>*>(out.data), shape, static_cast<uint32_t>(count));
  });
}

}  // namespace

void maxpool2x2_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch_maxpool("maxpool2x2_cuda", in, nullptr, out, stream);
}

void bias_relu_maxpool2x2_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream) {
  require_shape(bias != nullptr, "bias_relu_maxpool2x2_cuda: no bias");
  launch_maxpool("bias_relu_maxpool2x2_cuda", in, bias, out, stream);
}

}  // namespace vgg16
