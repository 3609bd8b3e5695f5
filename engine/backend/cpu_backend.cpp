#include "backend/cpu_backend.h"

#include <algorithm>
#include <string>

#include "kernels/preprocess.h"
#include "vgg16/error.h"
#include "vgg16/preprocess.h"

namespace vgg16 {

CpuBackend::CpuBackend(std::shared_ptr<const CpuNetwork> network, std::unique_ptr<ThreadPool> threads,
                       size_t last_layer, int max_batch)
    : network_(std::move(network)),
      threads_(std::move(threads)),
      last_layer_(last_layer),
      max_batch_(max_batch),
      output_(last_layer, std::clamp(max_batch, 1, kGroup)) {
  require(max_batch >= 1, ErrorCode::kInvalidArgument,
          "batch size must be 1 or more, not " + std::to_string(max_batch));
  const int group = std::min(max_batch_, kGroup);
  input_ = FloatArray(int64_t{kInputSide + 2} * (kInputSide + 2) * 3);
  for (size_t layer = 0; layer <= last_layer_; ++layer) {
    if (!is_conv(layer) || layer == 0) continue;
    const size_t conv = conv_index(layer);
    const WinogradLayer& w = network_->convolutions[conv];
    // Layers that run one picture at a time, so that their output is still in the caches when the next layer reads it,
    // need one plane, the others one per picture of the group.
    const int n = cut_of(w) == Cut::kPoints ? group : 1;
    scratch_.reserve(*network_->kernels, w, n);
    // The input of the second convolution needs no plane: it stays in scratch memory (convolve_first_two).
    if (layer > 1)
      inputs_[conv].assign(static_cast<size_t>(n), {nullptr, w.ic, w.side, w.side, w.padded_side(), w.padded_side()});
  }
  place_inputs(
      inputs_, [&](size_t conv) { return cut_of(network_->convolutions[conv]) == Cut::kPoints; }, memory_);
  scratch_.allocate(threads_->size());
}

// A batch in parts of kGroup is computed exactly as the whole batch would be.
int CpuBackend::pictures_at_a_time() const { return kGroup; }

// The planes for the output of `layer`: the input of the next convolution, or output_ if it is the last layer.
Plane* CpuBackend::planes_after(size_t layer, size_t last_layer) {
  return layer < last_layer ? inputs_[conv_index(layer + 1)].data() : output_.place(layer);
}

void CpuBackend::normalise(const uint8_t* picture) {
  constexpr int kRowsAtATime = 28;  // 8 parts; divides 224
  threads_->for_each(kInputSide / kRowsAtATime, [&](int64_t i, int) {
    const auto y = static_cast<int>(i) * kRowsAtATime;
    preprocess_cpu(picture, y, y + kRowsAtATime, input_.data());
  });
}

// block1_conv1 alone, for a network that ends there; otherwise convolve_first_two computes it.
void CpuBackend::first_convolution(const Plane& out) {
  constexpr int kRowsAtATime = 8;
  const int64_t row_stride = int64_t{out.cols} * kBlock;
  threads_->for_each(kInputSide / kRowsAtATime, [&](int64_t i, int) {
    const auto y = static_cast<int>(i) * kRowsAtATime;
    network_->kernels->first_convolution(input_.data(), network_->first.kernel, network_->first.bias, y,
                                         y + kRowsAtATime, 0, kInputSide, out.at(0, y, 0), out.rows * row_stride,
                                         row_stride);
  });
}

void CpuBackend::forward_group(ImagesIn images, Stop stop, float* features) {
  const size_t last_layer = stop.layer;
  const Conv3x3Cpu& kernels = *network_->kernels;
  // Layers [2, together) run one picture at a time, layers [together, last_layer] all pictures of the group at once.
  size_t together = 2;
  while (together <= last_layer &&
         (!is_conv(together) || cut_of(network_->convolutions[conv_index(together)]) == Cut::kStrips)) {
    ++together;
  }
  // The planes that convolution `layer`, with its pooling, writes. Within [2, together) that is one plane, used again
  // for every picture; the last layer of the range writes to this picture's place among those of the group.
  const auto output_of = [&](size_t layer, size_t end, int picture) {
    const size_t done = pooled(layer, last_layer) ? layer + 1 : layer;
    return planes_after(done, last_layer) + (done + 1 >= end ? picture : 0);
  };
  const auto cleared = [&](Plane* planes, int n) {
    clear_borders(planes, n);
    return planes;
  };
  // Pools are skipped in this loop: they are computed with the convolution before them.
  const auto run_layers = [&](size_t begin, size_t end, int picture, int n) {
    for (size_t layer = begin; layer < end; ++layer) {
      if (!is_conv(layer)) continue;
      const size_t conv = conv_index(layer);
      convolve(kernels, network_->convolutions[conv], pooled(layer, last_layer), inputs_[conv].data(), n,
               cleared(output_of(layer, end, picture), n), *threads_, scratch_);
    }
  };
  for (int picture = 0; picture < images.n; ++picture) {
    normalise(images.data + picture * kPictureBytes);
    if (last_layer == 0) {
      first_convolution(*output_of(0, 1, picture));
      continue;
    }
    convolve_first_two(kernels, network_->first, network_->convolutions[1], pooled(1, last_layer), input_.data(),
                       *cleared(output_of(1, together, picture), 1), *threads_, scratch_);
    run_layers(2, together, picture, 1);
  }
  run_layers(together, last_layer + 1, 0, images.n);
  write_features(output_.data(), images.n, stop, *threads_, features);
}

void CpuBackend::forward(ImagesIn images, Stop stop, HostOut features) {
  require_forward(images, max_batch_, stop, last_layer_, features);
  forward_in_groups(images, stop, features, *threads_,
                    [&](ImagesIn group, float* rows) { forward_group(group, stop, rows); });
}

}  // namespace vgg16
