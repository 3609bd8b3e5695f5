// One convolution layer on all threads. How the work is cut, and the scratch memory that the cuts need.
#pragma once

#include <vector>

#include "kernels/cpu_kernels.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"

namespace vgg16 {

/// Early layers have many tiles and small kernels: a thread takes a strip of tiles through the whole layer, so that the
/// transformed tiles stay in its L2 cache while the kernels stream past. Late layers (28 x 28 and 14 x 14) have few
/// tiles and kernels larger than the caches: the tiles of a group of pictures are transformed together, and a thread
/// takes a panel of output channels, so that each kernel is read from memory once per group.
enum class Cut { kStrips, kPanels };

[[nodiscard]] constexpr Cut cut_of(const WinogradLayer& layer) {
  return layer.side <= 28 ? Cut::kPanels : Cut::kStrips;
}

/// Memory for the largest layer that was announced, taken once.
class CpuScratch {
 public:
  /// Announces a layer that will be run on up to `n_pictures` pictures at a time.
  void reserve(const CpuKernels& kernels, const WinogradLayer& layer, int n_pictures);
  /// Takes the memory. Throws Error{kMemory}.
  void allocate(int n_threads);

  [[nodiscard]] float* tiles(int thread) { return tiles_[static_cast<size_t>(thread)].data(); }
  [[nodiscard]] float* products(int thread) { return products_[static_cast<size_t>(thread)].data(); }
  [[nodiscard]] float* shared_tiles() { return shared_tiles_.data(); }

 private:
  int64_t strip_count_ = 0;
  int64_t shared_count_ = 0;
  int64_t products_count_ = 0;
  std::vector<FloatArray> tiles_;     // per thread: transformed tiles of a strip
  std::vector<FloatArray> products_;  // per thread
  FloatArray shared_tiles_;           // transformed tiles of a whole group of pictures
};

/// Runs `layer` on n pictures, with 2x2 max pooling if `pool`, cut as cut_of says. `in` and `out` are n planes.
void convolve(const CpuKernels& kernels, const WinogradLayer& layer, bool pool, const Plane* in, int n,
              const Plane* out, ThreadPool& threads, CpuScratch& scratch);

}  // namespace vgg16
