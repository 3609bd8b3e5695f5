// Contract in convert.h. Limited by memory bandwidth: 6 bytes per number.
#include "kernels/convert.h"
#include "kernels/launch.cuh"

namespace vgg16 {
namespace {

// Numbers that one thread converts: one vector of 16-bit numbers, two of float32, so that every access is 16 bytes.
constexpr int kConvertCount = 8;

// Numbers 8t .. 8t+7 of 16 bits to float32.
template <class T>
__global__ void __launch_bounds__(kThreads)
    widen_kernel(const Vector<T>* __restrict__ in, Vector<float>* __restrict__ out, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t >= count) return;
  const Vector<T> x = in[t];
  VGG16_UNROLL
  for (int half = 0; half < 2; ++half) {
    Vector<float> y;
    VGG16_UNROLL
    for (int i = 0; i < 4; ++i) y.v[i] = to_float(x.v[4 * half + i]);
    out[size_t{2} * t + static_cast<size_t>(half)] = y;
  }
}

// Numbers 8t .. 8t+7 of float32 to 16 bits.
template <class T>
__global__ void __launch_bounds__(kThreads)
    narrow_kernel(const Vector<float>* __restrict__ in, Vector<T>* __restrict__ out, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t >= count) return;
  Vector<T> y;
  VGG16_UNROLL
  for (int half = 0; half < 2; ++half) {
    const Vector<float> x = in[size_t{2} * t + static_cast<size_t>(half)];
    VGG16_UNROLL
    for (int i = 0; i < 4; ++i) y.v[4 * half + i] = from_float<T>(x.v[i]);
  }
  out[t] = y;
}

template <class T>
void launch_convert(DeviceIn in, DeviceOut out, CudaStream stream) {
  const auto count = static_cast<uint32_t>(in.shape.count() / kConvertCount);
  if (in.type == ElementType::kF32)
    launch("convert_cuda", narrow_kernel<T>, grid_for(count), stream, static_cast<const Vector<float>*>(in.data),
           static_cast<Vector<T>*>(out.data), count);
  else
    launch("convert_cuda", widen_kernel<T>, grid_for(count), stream, static_cast<const Vector<T>*>(in.data),
           static_cast<Vector<float>*>(out.data), count);
}

}  // namespace

// float32 to float32 is a plain copy; other pairs have one float32 side, so two kernels suffice.
void convert_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  require_vectors("convert_cuda", in);
  require_vectors("convert_cuda", out);
  require_shape(in.shape == out.shape, "convert_cuda: in and out must have one shape");
  require_shape(in.type == ElementType::kF32 || out.type == ElementType::kF32,
                "convert_cuda: in or out must be float32");
  if (in.shape.count() == 0) return;
  const ElementType narrow = in.type == ElementType::kF32 ? out.type : in.type;
  if (narrow == ElementType::kF32) {
    VGG16_CUDA_CHECK(cudaMemcpyAsync(out.data, in.data, static_cast<size_t>(in.shape.count()) * sizeof(float),
                                     cudaMemcpyDeviceToDevice, stream));
    return;
  }
  if (narrow == ElementType::kF16)
    launch_convert<__half>(in, out, stream);
  else
    launch_convert<__nv_bfloat16>(in, out, stream);
}

}  // namespace vgg16
