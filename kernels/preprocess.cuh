// The arithmetic of one thread of preprocess_cuda. Contract in preprocess.h.
#pragma once

#include "kernels/vector.cuh"
#include "vgg16/preprocess.h"

namespace vgg16 {

/// Pixels per thread: the 12 bytes of 4 RGB pixels are three aligned 32-bit words, so no byte is loaded alone.
inline constexpr int kPreprocessPixels = 4;

/// Pixels 4t .. 4t+3, from words 3t .. 3t+2 of RGB bytes, to kChannels numbers each, blue first.
template <class T, int kChannels>
__host__ __device__ inline void preprocess_pixels(uint32_t t, const uint32_t* __restrict__ rgb,
                                                  Vector<T>* __restrict__ out) {
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

}  // namespace vgg16
