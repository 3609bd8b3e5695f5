// One convolution layer on all threads. How the work is cut, and the scratch memory that the cuts need.
#pragma once

#include <vector>

#include "kernels/conv3x3_cpu.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"

namespace vgg16 {

/// Early layers have many tiles and small kernels: a thread takes a strip of tiles through the whole layer, so that the
/// transformed tiles and their products stay in its L2 cache while the kernels stream past. Late layers (28 x 28 and
/// 14 x 14) have few tiles and kernels larger than the caches: the tiles of a group of pictures are transformed
/// together, and a thread takes a point of the transformed tiles, so that each kernel is read from memory once per
/// group.
enum class Cut { kStrips, kPoints };

[[nodiscard]] constexpr Cut cut_of(const WinogradLayer& layer) {
  return layer.side <= 28 ? Cut::kPoints : Cut::kStrips;
}

/// Sets the layout of the layer's transformed kernel: in the order in which its cut reads it.
void set_kernel_strides(WinogradLayer& layer, int panel);

/// The first convolution, which is direct.
struct FirstLayer {
  const float* kernel = nullptr;  ///< (3, 3, 3, 64)
  const float* bias = nullptr;    ///< (64)
};

/// Memory for the largest layer that was announced, taken once.
class CpuScratch {
 public:
  /// Announces a layer that will be run on up to `n_pictures` pictures at a time.
  void reserve(const Conv3x3Cpu& kernels, const WinogradLayer& layer, int n_pictures);
  /// Takes the memory. Throws Error{kMemory}.
  void allocate(int n_threads);

  // One per thread, for strips.
  [[nodiscard]] float* pixels(int thread) { return pixels_[static_cast<size_t>(thread)].data(); }
  [[nodiscard]] float* tiles(int thread) { return tiles_[static_cast<size_t>(thread)].data(); }
  [[nodiscard]] float* products(int thread) { return products_[static_cast<size_t>(thread)].data(); }
  // Shared by all threads, for points.
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

/// Runs `layer` on n pictures, with 2x2 max pooling if `pool`, cut as cut_of says. `in` and `out` are n planes.
void convolve(const Conv3x3Cpu& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
              const Plane* out, ThreadPool& threads, CpuScratch& scratch);

/// The first convolution, and `second` on its result, of one picture: the result of the first, the largest of the
/// network, never leaves the cache. `input` is (226, 226, 3) with a zero border.
void convolve_first_two(const Conv3x3Cpu& kernels, const FirstLayer& first, const WinogradLayer& second, bool pool,
                        const float* input, const Plane& out, ThreadPool& threads, CpuScratch& scratch);

}  // namespace vgg16
