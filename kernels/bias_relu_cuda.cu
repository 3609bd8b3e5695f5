// Contract in bias_relu.h. Limited by memory bandwidth: every number is read and written once.
#include "kernels/bias_relu.h"
#include "kernels/launch.cuh"

namespace vgg16 {
namespace {

// One thread per vector of the activation, which is vector t % vectors_per_pixel of its pixel. `in` may be `out`.
template <class T>
__global__ void __launch_bounds__(kThreads)
    bias_relu_kernel(const Vector<T>* in, const float* __restrict__ bias, Vector<T>* out, uint32_t vectors_per_pixel,
                     uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t >= count) return;
  float b[Vector<T>::kCount];
  load_bias<T>(bias, t % vectors_per_pixel, b);
  Vector<T> x = in[t];
  VGG16_UNROLL
  for (int i = 0; i < Vector<T>::kCount; ++i) x.v[i] = from_float<T>(relu(to_float(x.v[i]) + b[i]));
  out[t] = x;
}

}  // namespace

// One thread per 16-byte vector, so that reads and writes coalesce.
void bias_relu_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream) {
  require_vectors("bias_relu_cuda", in);
  require_vectors("bias_relu_cuda", out);
  require_shape(in.shape == out.shape && in.type == out.type,
                "bias_relu_cuda: in and out must have one shape and type");
  require_shape(reinterpret_cast<uintptr_t>(bias) % 16 == 0, "bias_relu_cuda: bias is not aligned to 16 bytes");
  with_type(in.type, [&](auto element) {
    using T = decltype(element);
    const int64_t count = in.shape.count() / Vector<T>::kCount;
    launch("bias_relu_cuda", bias_relu_kernel<T>, grid_for(count), stream, static_cast<const Vector<T>*>(in.data), bias,
           static_cast<Vector<T>*>(out.data), static_cast<uint32_t>(in.shape.c / Vector<T>::kCount),
           static_cast<uint32_t>(count));
  });
}

}  // namespace vgg16
