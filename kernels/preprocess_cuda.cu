// Contract in preprocess.h. Limited by memory bandwidth: 3 bytes are read and 8 to 32 written per pixel.
#include "kernels/launch.cuh"
#include "kernels/preprocess.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

// Pixels per thread: the 12 bytes of 4 RGB pixels are three aligned 32-bit words, so no byte is loaded alone.
constexpr int kPreprocessPixels = 4;

// Pixels 4t .. 4t+3, from words 3t .. 3t+2 of RGB bytes, to kChannels numbers each, blue first.
template <class T, int kChannels>
__global__ void __launch_bounds__(kThreads)
    preprocess_kernel(const uint32_t* __restrict__ rgb, Vector<T>* __restrict__ out, uint32_t count) {
  const uint32_t t = blockIdx.x * kThreads + threadIdx.x;
  if (t >= count) return;
  constexpr float kMean[3] = {kMeanBgr[0], kMeanBgr[1], kMeanBgr[2]};
  constexpr int kVectors = kPreprocessPixels * kChannels / Vector<T>::kCount;
  const size_t first = t;
  const uint32_t words[3] = {rgb[3 * first], rgb[3 * first + 1], rgb[3 * first + 2]};
  VGG16_UNROLL
  for (int k = 0; k < kVectors; ++k) {
    Vector<T> y;
    VGG16_UNROLL
    for (int i = 0; i < Vector<T>::kCount; ++i) {
      const int pixel = (k * Vector<T>::kCount + i) / kChannels;
      const int channel = (k * Vector<T>::kCount + i) % kChannels;
      float value = 0;
      if (channel < 3) {
        const int byte = 3 * pixel + 2 - channel;
        value = static_cast<float>(words[byte / 4] >> (8 * (byte % 4)) & 0xFFU) - kMean[channel];
      }
      y.v[i] = from_float<T>(value);
    }
    out[first * kVectors + static_cast<size_t>(k)] = y;
  }
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
  const auto* rgb = reinterpret_cast<const uint32_t*>(pictures);
  with_type(out.type, [&](auto element) {
    using T = decltype(element);
    const auto kernel = y.c == 4 ? preprocess_kernel<T, 4> : preprocess_kernel<T, 8>;
    launch("preprocess_cuda", kernel, grid_for(count), stream, rgb, static_cast<Vector<T>*>(out.data),
           static_cast<uint32_t>(count));
  });
}

}  // namespace vgg16
