// How the work is cut. Early layers have many tiles and small kernels: a thread takes a strip of tiles through the
// whole layer, so that the transformed tiles stay in its L2 cache while the kernels stream past. Late layers (28 x 28
// and 14 x 14) have few tiles and kernels larger than the caches: the tiles of a group of pictures are transformed
// together, and a thread takes a panel of output channels, so that each kernel is read from memory once per group.
#include "backend/cpu_backend.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/preprocess.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Pictures that share one reading of the late kernels: more would push their transformed tiles out of the L3 cache.
constexpr int kGroup = 4;
// First convolution that is cut by panels: block4_conv1.
constexpr size_t kFirstInPanels = 7;
// Bytes of transformed tiles per strip: they share 1 MB of L2 with their products and a kernel panel.
constexpr int64_t kStripBytes = 600 << 10;
// Tiles per product scratch in the late layers.
constexpr int kPanelTiles = 56;
constexpr int kTilesPerBlock = 14;

int strip_tiles(const WinogradLayer& layer) {
  const auto fit = static_cast<int>(kStripBytes / (transformed_count(layer, 1) * int64_t{sizeof(float)}));
  return std::max(1, fit / kTilesPerBlock) * kTilesPerBlock;
}

int ceil_div(int a, int b) { return (a + b - 1) / b; }

TileRange part(int total, int parts, int64_t i) {
  return {static_cast<int>(total * i / parts), static_cast<int>(total * (i + 1) / parts)};
}

bool pooled(size_t layer, size_t last_layer) { return layer + 1 <= last_layer && !is_conv(layer + 1); }

// (h, w, c) from a plane's channel blocks.
void unblock(const Plane& plane, int y, float* out) {
  for (int x = 0; x < plane.w; ++x) {
    for (int block = 0; block < plane.channels / kBlock; ++block, out += kBlock) {
      std::memcpy(out, plane.at(block, y, x), kBlock * sizeof(float));
    }
  }
}

}  // namespace

CpuBackend::CpuBackend(std::shared_ptr<const CpuNetwork> network, std::unique_ptr<ThreadPool> pool, int max_batch)
    : network_(std::move(network)), pool_(std::move(pool)), max_batch_(max_batch) {
  require(max_batch >= 1, ErrorCode::kInvalidArgument,
          "batch size must be 1 or more, not " + std::to_string(max_batch));
  allocate();
}

void CpuBackend::allocate() {
  const int group = std::min(max_batch_, kGroup);
  const size_t n_conv = conv_index(network_->last_layer + 1);
  input_ = FloatArray(int64_t{kInputSide + 2} * (kInputSide + 2) * 3);
  int64_t strip_count = 0;
  int64_t shared_count = 0;
  int64_t products_count = 0;
  for (size_t conv = 1; conv < n_conv; ++conv) {
    const WinogradLayer& w = network_->convolutions[conv];
    const bool in_panels = conv >= kFirstInPanels;
    for (int i = 0; i < (in_panels ? group : 1); ++i) {
      Plane plane{nullptr, w.ic, w.side, w.side, w.padded_side(), w.padded_side()};
      plane.data = memory_.emplace_back(plane.count()).data();
      inputs_[conv].push_back(plane);
    }
    const int scratch_tiles = in_panels ? kPanelTiles : strip_tiles(w);
    products_count = std::max(products_count, int64_t{w.points()} * scratch_tiles * network_->kernels->panel);
    if (in_panels) {
      shared_count = std::max(shared_count, transformed_count(w, w.tiles() * group));
    } else {
      strip_count = std::max(strip_count, transformed_count(w, scratch_tiles));
    }
  }
  for (int thread = 0; thread < pool_->size(); ++thread) {
    tiles_.emplace_back(strip_count);
    products_.emplace_back(products_count);
  }
  shared_tiles_ = FloatArray(shared_count);
  int64_t output_count = 0;
  for (size_t layer = 0; layer <= network_->last_layer; ++layer) {
    const Shape4 shape = output_shape(layer, 1);
    output_count = std::max(output_count, int64_t{shape.h + 2} * (shape.w + 2) * shape.c *
                                              (conv_index(layer + 1) > kFirstInPanels ? group : 1));
  }
  output_memory_ = FloatArray(output_count);
  output_.resize(static_cast<size_t>(group));
}

// Where the layers up to `layer` leave their result: the planes that the next convolution reads, or those that become
// rows.
Plane* CpuBackend::planes_after(size_t layer, size_t last_layer) {
  if (layer < last_layer) return inputs_[conv_index(layer + 1)].data();
  const Shape4 shape = output_shape(layer, 1);
  Plane plane{output_memory_.data(), shape.c, shape.h, shape.w, shape.h + 2, shape.w + 2};
  for (Plane& out : output_) {
    out = plane;
    plane.data += plane.count();
  }
  return output_.data();
}

void CpuBackend::convolve_in_strips(size_t conv, bool pool, const Plane& in, const Plane& out) {
  const WinogradLayer& w = network_->convolutions[conv];
  const CpuKernels& kernels = *network_->kernels;
  const int n_strips = ceil_div(w.tiles(), strip_tiles(w));
  pool_->for_each(n_strips, [&](int64_t i, int thread) {
    const TileRange tiles = part(w.tiles(), n_strips, i);
    float* v = tiles_[static_cast<size_t>(thread)].data();
    float* products = products_[static_cast<size_t>(thread)].data();
    kernels.transform_input(w, &in, tiles, 0, w.ic / kBlock, tiles.count(), tiles.begin, v);
    for (int p = 0; p < w.oc / kernels.panel; ++p) {
      kernels.compute_panel(w, v, tiles.count(), tiles.begin, tiles, p, pool, products, &out);
    }
  });
}

void CpuBackend::convolve_in_panels(size_t conv, bool pool, const Plane* in, int n, const Plane* out) {
  const WinogradLayer& w = network_->convolutions[conv];
  const CpuKernels& kernels = *network_->kernels;
  const int n_tiles = w.tiles() * n;
  float* v = shared_tiles_.data();
  const int n_rows = w.tiles_per_row() * n;
  constexpr int kBlocksAtATime = 8;
  const int n_slices = w.ic / kBlock / kBlocksAtATime;
  pool_->for_each(int64_t{n_rows} * n_slices, [&](int64_t i, int) {
    const auto row = static_cast<int>(i / n_slices);
    const auto slice = static_cast<int>(i % n_slices);
    const TileRange tiles = {row * w.tiles_per_row(), (row + 1) * w.tiles_per_row()};
    kernels.transform_input(w, in, tiles, slice * kBlocksAtATime, (slice + 1) * kBlocksAtATime, n_tiles, 0, v);
  });
  const int n_chunks = ceil_div(n_tiles, kPanelTiles);
  pool_->for_each(w.oc / kernels.panel, [&](int64_t p, int thread) {
    float* products = products_[static_cast<size_t>(thread)].data();
    for (int chunk = 0; chunk < n_chunks; ++chunk) {
      kernels.compute_panel(w, v, n_tiles, 0, part(n_tiles, n_chunks, chunk), static_cast<int>(p), pool, products, out);
    }
  });
}

void CpuBackend::forward_group(ImagesIn images, size_t last_layer, float* features) {
  const CpuKernels& kernels = *network_->kernels;
  const Shape4 row_shape = output_shape(last_layer, 1);
  const auto write_rows = [&](const Plane* planes, int first, int n) {
    pool_->for_each(int64_t{n} * row_shape.h, [&](int64_t i, int) {
      const auto y = static_cast<int>(i % row_shape.h);
      const int64_t picture = i / row_shape.h;
      float* row = features + (first + picture) * row_shape.count();
      unblock(planes[picture], y, row + int64_t{y} * row_shape.w * row_shape.c);
    });
  };

  for (int picture = 0; picture < images.n; ++picture) {
    preprocess_cpu(images.data + int64_t{picture} * kInputSide * kInputSide * 3, input_.data());
    Plane* out = planes_after(0, last_layer);
    constexpr int kRowsAtATime = 8;
    pool_->for_each(kInputSide / kRowsAtATime, [&](int64_t i, int) {
      const auto y = static_cast<int>(i) * kRowsAtATime;
      kernels.first_conv(input_.data(), network_->first_kernel.data(), network_->biases[0].data(), y, y + kRowsAtATime,
                         *out);
    });
    size_t layer = 1;
    for (; layer <= last_layer; ++layer) {
      const size_t conv = conv_index(layer);
      if (!is_conv(layer)) continue;
      if (conv >= kFirstInPanels) break;
      const Plane& in = inputs_[conv][0];
      const bool pool = pooled(layer, last_layer);
      out = planes_after(pool ? layer + 1 : layer, last_layer);
      const bool into_group = out != output_.data() && conv + 1 >= kFirstInPanels;
      convolve_in_strips(conv, pool, in, into_group ? out[picture] : out[0]);
    }
    if (layer > last_layer) write_rows(output_.data(), picture, 1);
  }

  bool in_group = false;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    const size_t conv = conv_index(layer);
    if (!is_conv(layer) || conv < kFirstInPanels) continue;
    in_group = true;
    const bool pool = pooled(layer, last_layer);
    convolve_in_panels(conv, pool, inputs_[conv].data(), images.n, planes_after(pool ? layer + 1 : layer, last_layer));
  }
  if (in_group) write_rows(output_.data(), 0, images.n);
}

void CpuBackend::forward(ImagesIn images, size_t last_layer, HostOut features) {
  require(images.n >= 1 && images.n <= max_batch_, ErrorCode::kShape,
          "forward: " + std::to_string(images.n) + " pictures, expected 1 to " + std::to_string(max_batch_));
  require(last_layer <= network_->last_layer, ErrorCode::kShape, "forward: no weights were prepared for this layer");
  require(features.shape == output_shape(last_layer, images.n), ErrorCode::kShape,
          "forward: features must be (n, h, w, c) of the last layer");
  const int64_t row = output_shape(last_layer, 1).count();
  for (int first = 0; first < images.n; first += kGroup) {
    const int n = std::min(kGroup, images.n - first);
    forward_group({images.data + int64_t{first} * kInputSide * kInputSide * 3, n}, last_layer,
                  features.data + first * row);
  }
}

}  // namespace vgg16
