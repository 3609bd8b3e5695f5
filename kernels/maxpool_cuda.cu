// Contract in maxpool.h. Limited by memory bandwidth: four numbers are read and one is written per output.
#include "kernels/launch.cuh"
#include "kernels/maxpool.cuh"
#include "kernels/maxpool.h"

namespace vgg16 {
namespace {

template <class T, bool kBias>
__global__ void __launch_bounds__(kThreads)
    maxpool2x2_kernel(const Vector<T>* __restrict__ in, const float* __restrict__ bias, Vector<T>* __restrict__ out,
                      MaxpoolShape shape, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t < count) maxpool2x2_vector<T, kBias>(t, shape, in, bias, out);
}

// One launcher for both operations: without a bias the kernel neither adds nor applies ReLU.
void launch(const char* name, DeviceIn in, const float* bias, DeviceOut out, CudaStream stream) {
  require_vectors(name, in);
  require_vectors(name, out);
  const Shape4 x = in.shape;
  require_shape(x.h % 2 == 0 && x.w % 2 == 0, "maxpool2x2_cuda: h and w must be even");
  require_shape(out.shape == Shape4{x.n, x.h / 2, x.w / 2, x.c} && in.type == out.type,
                "maxpool2x2_cuda: out must be (n, h/2, w/2, c) of in's type");
  require_shape(reinterpret_cast<uintptr_t>(bias) % 16 == 0, "maxpool2x2_cuda: bias is not aligned to 16 bytes");
  if (out.shape.count() == 0) return;  // an empty grid is a launch error, an empty batch is not
  with_type(in.type, [&](auto element) {
    using T = decltype(element);
    const int64_t count = out.shape.count() / Vector<T>::kCount;
    const auto kernel = bias == nullptr ? maxpool2x2_kernel<T, false> : maxpool2x2_kernel<T, true>;
    const MaxpoolShape shape = {static_cast<uint32_t>(out.shape.w), static_cast<uint32_t>(x.c / Vector<T>::kCount)};
    kernel<<<blocks_for(count), kThreads, 0, stream>>>(static_cast<const Vector<T>*>(in.data), bias,
                                                       static_cast<Vector<T>*>(out.data), shape,
                                                       static_cast<uint32_t>(count));
  });
  check_launch(name, stream);
}

}  // namespace

void maxpool2x2_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch("maxpool2x2_cuda", in, nullptr, out, stream);
}

void bias_relu_maxpool2x2_cuda(DeviceIn in, const float* bias, DeviceOut out, CudaStream stream) {
  require_shape(bias != nullptr, "bias_relu_maxpool2x2_cuda: no bias");
  launch("bias_relu_maxpool2x2_cuda", in, bias, out, stream);
}

}  // namespace vgg16
