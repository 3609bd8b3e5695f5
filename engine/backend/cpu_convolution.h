// One convolution layer on all threads: how its work is divided, and the scratch memory for that.
#pragma once

#include <vector>

#include "kernels/conv3x3_cpu.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"

namespace vgg16 {

/// kStrips, for early layers, which have many tiles and small kernels: a thread takes a strip of tiles through all
/// three steps of the layer, so that the transformed tiles and their products stay in its L2 cache while all kernels of
/// the layer are read once per strip. kPoints, for late layers (28 x 28 and 14 x 14), which have few tiles and kernels
/// larger than the caches: the tiles of a group of pictures are transformed together, then each thread multiplies some
/// of the points for the whole group, so that each kernel is read from memory once per group.
enum class Cut { kStrips, kPoints };

[[nodiscard]] constexpr Cut cut_of(const WinogradLayer& layer) {
  return layer.side <= 28 ? Cut::kPoints : Cut::kStrips;
}

/// Sets the strides of the layer's transformed kernel so that its blocks are in the order in which they are read.
void set_kernel_strides(WinogradLayer& layer, int panel);

/// Weights of block1_conv1, which is computed without transforms. Views; the network owns them.
struct FirstLayer {
  const float* kernel = nullptr;  ///< (3, 3, 3, 64)
  const float* bias = nullptr;    ///< (64)
};

/// Scratch memory for any of the layers that were passed to reserve(): as large as the largest of them needs.
class CpuScratch {
 public:
  /// Declares that a layer will be run on up to `n_pictures` pictures at a time.
  void reserve(const Conv3x3Cpu& kernels, const WinogradLayer& layer, int n_pictures);
  /// Takes the memory. Throws Error{kMemory}.
  void allocate(int n_threads);

  // One array per thread, for kStrips.
  [[nodiscard]] float* pixels(int thread) { return pixels_[static_cast<size_t>(thread)].data(); }
  [[nodiscard]] float* tiles(int thread) { return tiles_[static_cast<size_t>(thread)].data(); }
  [[nodiscard]] float* products(int thread) { return products_[static_cast<size_t>(thread)].data(); }
  // One array for all threads, for kPoints.
  [[nodiscard]] float* shared_tiles() { return shared_tiles_.data(); }
  [[nodiscard]] float* shared_products() { return shared_products_.data(); }

 private:
  int64_t pixels_count_ = 0;
  int64_t tiles_count_ = 0;
  int64_t products_count_ = 0;
  int64_t shared_tiles_count_ = 0;
  int64_t shared_products_count_ = 0;
  std::vector<FloatArray> pixels_;
  std::vector<FloatArray> tiles_;
  std::vector<FloatArray> products_;
  FloatArray shared_tiles_;
  FloatArray shared_products_;
};

/// Runs `layer` on n pictures, followed by 2x2 max pooling if `pool`, divided as cut_of says. `in` and `out` are n
/// planes each. The borders of `in` must be zero; those of `out` are not written.
void convolve(const Conv3x3Cpu& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
              const Plane* out, ThreadPool& threads, CpuScratch& scratch);

/// block1_conv1 and block1_conv2 (`second`) of one picture, strip by strip: so the output of the first, the largest of
/// the network (224 x 224 x 64, 13 MB), never leaves the cache. `input` is (226, 226, 3) with a zero border.
void convolve_first_two(const Conv3x3Cpu& kernels, const FirstLayer& first, const WinogradLayer& second, bool pool,
                        const float* input, const Plane& out, ThreadPool& threads, CpuScratch& scratch);

}  // namespace vgg16
