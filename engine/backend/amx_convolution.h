// One convolution layer on AMX on all threads: how its work is divided.
#pragma once

#include <vector>

#include "kernels/conv3x3_amx.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"
#include "vgg16/tensor.h"

namespace vgg16 {

/// Scratch memory of each thread for the first two layers, which are computed strip by strip: so the output of the
/// first, the largest of the network (224 x 224 x 64), never leaves the level 2 cache.
class AmxStrips {
 public:
  /// Throws Error{kMemory}.
  explicit AmxStrips(int n_threads);
  [[nodiscard]] uint16_t* of(int thread) {
    return reinterpret_cast<uint16_t*>(memory_[static_cast<size_t>(thread)].data());
  }

 private:
  std::vector<FloatArray> memory_;
};

// `out`, of n pictures, is either Bf16Plane or, for the network's last layer, Plane. Borders of `in` must be those of
// the convolution; those of `out` are not written.

/// Runs `layer` on the planes of n pictures, followed by 2x2 max pooling if `pool`.
template <class Out>
void convolve(const Conv3x3Amx& kernels, const AmxLayer& layer, bool pool, const Bf16Plane* in, int n, const Out* out,
              ThreadPool& threads);

/// block1_conv1 of `images`, as a network's last layer.
void convolve_first(const Conv3x3Amx& kernels, const AmxLayer& first, ImagesIn images, const Plane* out,
                    ThreadPool& threads, AmxStrips& strips);

/// block1_conv1 and block1_conv2 of `images`, followed by 2x2 max pooling if `pool`.
template <class Out>
void convolve_first_two(const Conv3x3Amx& kernels, const AmxLayer& first, const AmxLayer& second, bool pool,
                        ImagesIn images, const Out* out, ThreadPool& threads, AmxStrips& strips);

}  // namespace vgg16
