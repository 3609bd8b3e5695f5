// Contract in preprocess.h. Limited by memory bandwidth: 3 bytes are read and 8 to 32 written per pixel.
#include "kernels/launch.cuh"
#include "kernels/preprocess.cuh"
#include "kernels/preprocess.h"

namespace vgg16 {
namespace {

template <class T, int kChannels>
__global__ void __launch_bounds__(kThreads)
    preprocess_kernel(const uint32_t* __restrict__ rgb, Vector<T>* __restrict__ out, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t < count) preprocess_pixels<T, kChannels>(t, rgb, out);
}

}  // namespace

void preprocess_cuda(const uint8_t* pictures, DeviceOut out, CudaStream stream) {
  const Shape4 y = out.shape;
  const int64_t pixels = int64_t{y.n} * y.h * y.w;
  require_shape(y.c == 4 || y.c == 8, "preprocess_cuda: out must have 4 or 8 channels");
  // Checked as if there were 8 channels: 4 of a 16-bit type are half a vector, which require_vectors would refuse, but
  // the 4 pixels of a thread are whole vectors all the same.
  require_vectors("preprocess_cuda", DeviceOut{out.data, {y.n, y.h, y.w, 8}, out.type});
  require_shape(pixels % kPreprocessPixels == 0, "preprocess_cuda: the number of pixels must be a multiple of 4");
  require_shape(reinterpret_cast<uintptr_t>(pictures) % 4 == 0, "preprocess_cuda: pictures are not aligned to 4 bytes");
  const int64_t count = pixels / kPreprocessPixels;
  if (count == 0) return;  // an empty grid is a launch error, an empty batch is not
  const auto* rgb = reinterpret_cast<const uint32_t*>(pictures);
  with_type(out.type, [&](auto element) {
    using T = decltype(element);
    const auto kernel = y.c == 4 ? preprocess_kernel<T, 4> : preprocess_kernel<T, 8>;
    kernel<<<blocks_for(count), kThreads, 0, stream>>>(rgb, static_cast<Vector<T>*>(out.data),
                                                       static_cast<uint32_t>(count));
  });
  check_launch("preprocess_cuda", stream);
}

}  // namespace vgg16
