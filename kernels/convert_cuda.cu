// Contract in convert.h. Limited by memory bandwidth: 6 bytes per number.
#include "kernels/convert.cuh"
#include "kernels/convert.h"
#include "kernels/launch.cuh"

namespace vgg16 {
namespace {

template <class T>
__global__ void __launch_bounds__(kThreads)
    widen_kernel(const Vector<T>* __restrict__ in, Vector<float>* __restrict__ out, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t < count) widen_vector<T>(t, in, out);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    narrow_kernel(const Vector<float>* __restrict__ in, Vector<T>* __restrict__ out, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t < count) narrow_vector<T>(t, in, out);
}

template <class T>
void launch(DeviceIn in, DeviceOut out, CudaStream stream) {
  const auto count = static_cast<uint32_t>(in.shape.count() / kConvertCount);
  if (in.type == ElementType::kF32) {
    narrow_kernel<T><<<blocks_for(count), kThreads, 0, stream>>>(static_cast<const Vector<float>*>(in.data),
                                                                 static_cast<Vector<T>*>(out.data), count);
  } else {
    widen_kernel<T><<<blocks_for(count), kThreads, 0, stream>>>(static_cast<const Vector<T>*>(in.data),
                                                                static_cast<Vector<float>*>(out.data), count);
  }
}

}  // namespace

// float32 to float32 is a plain copy; other pairs have one float32 side, so two kernels suffice.
void convert_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  require_vectors("convert_cuda", in);
  require_vectors("convert_cuda", out);
  require_shape(in.shape == out.shape, "convert_cuda: in and out must have one shape");
  require_shape(in.type == ElementType::kF32 || out.type == ElementType::kF32,
                "convert_cuda: in or out must be float32");
  if (in.shape.count() == 0) return;  // an empty grid is a launch error, an empty batch is not
  const ElementType narrow = in.type == ElementType::kF32 ? out.type : in.type;
  if (narrow == ElementType::kF32) {
    VGG16_CUDA_CHECK(cudaMemcpyAsync(out.data, in.data, static_cast<size_t>(in.shape.count()) * sizeof(float),
                                     cudaMemcpyDeviceToDevice, stream));
    return;
  }
  if (narrow == ElementType::kF16)
    launch<__half>(in, out, stream);
  else
    launch<__nv_bfloat16>(in, out, stream);
  check_launch("convert_cuda", stream);
}

}  // namespace vgg16
