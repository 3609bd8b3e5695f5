// Contract in global_pool.h. Limited by memory bandwidth: every number is read once.
#include "kernels/global_pool.cuh"
#include "kernels/global_pool.h"
#include "kernels/launch.cuh"

namespace vgg16 {
namespace {

template <class T, class Combine>
__global__ void __launch_bounds__(kPoolThreads)
    global_pool_kernel(GlobalPoolShape shape, const Vector<T>* __restrict__ in, float* __restrict__ out) {
  __shared__ alignas(16) float partials[global_pool_partials<T>()];
  global_pool_block<T, Combine>(blockIdx.x, threadIdx.x, shape, in, out, partials);
}

// One block per picture and group of 8 vectors of channels; the same code for mean and maximum.
template <class Combine>
void launch(const char* name, DeviceIn in, DeviceOut out, CudaStream stream) {
  require_vectors(name, in);
  const Shape4 x = in.shape;
  require_shape(x.h > 0 && x.w > 0, "global_pool_cuda: in has no positions");
  require_shape(out.shape == Shape4{x.n, 1, 1, x.c} && out.type == ElementType::kF32,
                "global_pool_cuda: out must be (n, 1, 1, c) float32");
  if (x.count() == 0) return;  // an empty grid is a launch error, an empty batch is not
  with_type(in.type, [&](auto element) {
    using T = decltype(element);
    const int vectors = x.c / Vector<T>::kCount;
    const int groups = (vectors + kPoolVectors - 1) / kPoolVectors;
    const GlobalPoolShape shape = {static_cast<uint32_t>(x.h) * static_cast<uint32_t>(x.w),
                                   static_cast<uint32_t>(vectors), static_cast<uint32_t>(groups)};
    const auto blocks = static_cast<uint32_t>(x.n) * shape.groups;
    global_pool_kernel<T, Combine><<<blocks, kPoolThreads, 0, stream>>>(shape, static_cast<const Vector<T>*>(in.data),
                                                                        static_cast<float*>(out.data));
  });
  check_launch(name, stream);
}

}  // namespace

void global_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch<Mean>("global_avg_pool_cuda", in, out, stream);
}

void global_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch<Maximum>("global_max_pool_cuda", in, out, stream);
}

}  // namespace vgg16
