#include "backend/cpu_backend.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/preprocess.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Pictures that share one reading of the late kernels: more would push their transformed tiles out of the L3 cache.
// Early layers run one picture at a time, so that a layer's output is still in the caches when the next one reads it.
constexpr int kGroup = 4;
constexpr int64_t kPictureBytes = int64_t{kInputSide} * kInputSide * 3;

bool pooled(size_t layer, size_t last_layer) { return layer + 1 <= last_layer && !is_conv(layer + 1); }

}  // namespace

CpuBackend::CpuBackend(std::shared_ptr<const CpuNetwork> network, std::unique_ptr<ThreadPool> threads, int max_batch)
    : network_(std::move(network)), threads_(std::move(threads)), max_batch_(max_batch) {
  require(max_batch >= 1, ErrorCode::kInvalidArgument,
          "batch size must be 1 or more, not " + std::to_string(max_batch));
  const int group = std::min(max_batch_, kGroup);
  input_ = FloatArray(int64_t{kInputSide + 2} * (kInputSide + 2) * 3);
  int64_t output_count = 0;
  for (size_t layer = 0; layer <= network_->last_layer; ++layer) {
    const Shape4 shape = output_shape(layer, group);
    output_count = std::max(output_count, int64_t{shape.n} * (shape.h + 2) * (shape.w + 2) * shape.c);
    if (!is_conv(layer) || layer == 0) continue;
    const size_t conv = conv_index(layer);
    const WinogradLayer& w = network_->convolutions[conv];
    const int n = cut_of(w) == Cut::kPanels ? group : 1;
    scratch_.reserve(*network_->kernels, w, n);
    for (int i = 0; i < n; ++i) {
      Plane plane{nullptr, w.ic, w.side, w.side, w.padded_side(), w.padded_side()};
      plane.data = memory_.emplace_back(plane.count()).data();
      inputs_[conv].push_back(plane);
    }
  }
  scratch_.allocate(threads_->size());
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

void CpuBackend::first_convolution(const uint8_t* picture, const Plane& out) {
  constexpr int kRowsAtATime = 8;
  preprocess_cpu(picture, input_.data());
  threads_->for_each(kInputSide / kRowsAtATime, [&](int64_t i, int) {
    const auto y = static_cast<int>(i) * kRowsAtATime;
    network_->kernels->first_conv(input_.data(), network_->first_kernel.data(), network_->biases[0].data(), y,
                                  y + kRowsAtATime, out);
  });
}

// (n, h, w, c) from the planes' channel blocks.
void CpuBackend::write_rows(const Plane* planes, int n, size_t layer, float* rows) {
  const Shape4 shape = output_shape(layer, 1);
  threads_->for_each(int64_t{n} * shape.h, [&](int64_t i, int) {
    const auto y = static_cast<int>(i % shape.h);
    float* out = rows + i * shape.w * shape.c;
    for (int x = 0; x < shape.w; ++x) {
      for (int block = 0; block < shape.c / kBlock; ++block, out += kBlock) {
        std::memcpy(out, planes[i / shape.h].at(block, y, x), kBlock * sizeof(float));
      }
    }
  });
}

void CpuBackend::forward_group(ImagesIn images, size_t last_layer, float* features) {
  // The layers before the first one that is cut by panels, one picture at a time; then that one and the rest for all.
  size_t first_together = 1;
  while (first_together <= last_layer &&
         (!is_conv(first_together) || cut_of(network_->convolutions[conv_index(first_together)]) == Cut::kStrips)) {
    ++first_together;
  }
  const auto run_layers = [&](size_t begin, size_t end, int picture, int n) {
    for (size_t layer = begin; layer < end; ++layer) {
      if (!is_conv(layer)) continue;
      const size_t conv = conv_index(layer);
      const bool pool = pooled(layer, last_layer);
      const size_t done = pool ? layer + 1 : layer;
      Plane* out = planes_after(done, last_layer) + (done + 1 >= end ? picture : 0);
      convolve(*network_->kernels, network_->convolutions[conv], pool, inputs_[conv].data(), n, out, *threads_,
               scratch_);
    }
  };
  for (int picture = 0; picture < images.n; ++picture) {
    Plane* out = planes_after(0, last_layer) + (first_together == 1 ? picture : 0);
    first_convolution(images.data + picture * kPictureBytes, *out);
    run_layers(1, first_together, picture, 1);
  }
  run_layers(first_together, last_layer + 1, 0, images.n);
  write_rows(output_.data(), images.n, last_layer, features);
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
    forward_group({images.data + first * kPictureBytes, n}, last_layer, features.data + first * row);
  }
}

}  // namespace vgg16
