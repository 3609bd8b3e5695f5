#include "backend/amx_backend.h"

#include <algorithm>
#include <string>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Layers of this side and more are early: their filters are small and their planes large. Fewer pictures go through
// them together, so that a layer's output is still in the caches when the next one reads it, but enough to keep all
// threads busy to the end of a layer.
constexpr int kEarlySide = 56;
int early_pictures(int group, int n_threads) { return std::clamp(n_threads / 2, 1, group); }

bool is_early(const AmxLayer& layer) { return layer.side >= kEarlySide; }

}  // namespace

AmxBackend::AmxBackend(std::shared_ptr<const AmxNetwork> network, const Conv3x3Amx& kernels,
                       std::unique_ptr<ThreadPool> threads, size_t last_layer, int max_batch)
    : network_(std::move(network)),
      kernels_(kernels),
      threads_(std::move(threads)),
      strips_(threads_->size()),
      last_layer_(last_layer),
      max_batch_(max_batch),
      output_(last_layer, std::clamp(max_batch, 1, kGroup)) {
  require(max_batch >= 1, ErrorCode::kInvalidArgument,
          "batch size must be 1 or more, not " + std::to_string(max_batch));
  const int group = std::min(max_batch_, kGroup);
  early_ = early_pictures(group, threads_->size());
  for (size_t layer = 0; layer <= last_layer_; ++layer) {
    const size_t conv = conv_index(layer);
    if (!is_conv(layer) || conv < 2) continue;  // the inputs of the first two stay in strips_
    const AmxLayer& w = network_->convolutions[conv];
    const int n = is_early(w) ? early_ : group;
    inputs_[conv].assign(static_cast<size_t>(n), {nullptr, w.ic, w.side, w.side, w.side + 2, w.side + 2});
  }
  place_inputs(
      inputs_, [&](size_t conv) { return !is_early(network_->convolutions[conv]); }, memory_);
}

// A batch in parts of kGroup is computed exactly as the whole batch would be.
int AmxBackend::pictures_at_a_time() const { return kGroup; }

// The planes for the output of the convolution before `conv`, of pictures from `picture` of the group on.
Bf16Plane* AmxBackend::input_of(size_t conv, int picture) {
  return inputs_[conv].data() + (is_early(network_->convolutions[conv]) ? 0 : picture);
}

// block1_conv1 and block1_conv2, or the first alone if the network ends there, of pictures from `first` of the group
// on.
void AmxBackend::first_two(ImagesIn images, int first, size_t last_layer) {
  const AmxLayer& one = network_->convolutions[0];
  const AmxLayer& two = network_->convolutions[1];
  const bool pool = pooled(1, last_layer);
  const Plane* last = output_.data() + first;
  if (last_layer == 0) {
    convolve_first(kernels_, one, images, last, *threads_, strips_);
  } else if (last_layer <= 2) {
    convolve_first_two(kernels_, one, two, pool, images, last, *threads_, strips_);
  } else {
    clear_borders(input_of(2, first), images.n);
    convolve_first_two(kernels_, one, two, pool, images, input_of(2, first), *threads_, strips_);
  }
}

// One convolution after the first two, with its pool, of n pictures from `first` of the group on.
void AmxBackend::run_layer(size_t layer, int first, int n, size_t last_layer) {
  const size_t conv = conv_index(layer);
  const AmxLayer& w = network_->convolutions[conv];
  const bool pool = pooled(layer, last_layer);
  const Bf16Plane* in = input_of(conv, first);
  if (layer + (pool ? 1 : 0) == last_layer) {
    convolve(kernels_, w, pool, in, n, output_.data() + first, *threads_);
  } else {
    clear_borders(input_of(conv + 1, first), n);
    convolve(kernels_, w, pool, in, n, input_of(conv + 1, first), *threads_);
  }
}

void AmxBackend::forward_group(ImagesIn images, Stop stop, float* features) {
  output_.place(stop.layer);
  size_t late = 3;
  while (late <= stop.layer && (!is_conv(late) || is_early(network_->convolutions[conv_index(late)]))) ++late;
  for (int first = 0; first < images.n; first += early_) {
    const int n = std::min(early_, images.n - first);
    first_two({images.data + first * kPictureBytes, n}, first, stop.layer);
    for (size_t layer = 3; layer < late; ++layer) {
      if (is_conv(layer)) run_layer(layer, first, n, stop.layer);
    }
  }
  for (size_t layer = late; layer <= stop.layer; ++layer) {
    if (is_conv(layer)) run_layer(layer, 0, images.n, stop.layer);
  }
  write_features(output_.data(), images.n, stop, *threads_, features);
}

void AmxBackend::forward(ImagesIn images, Stop stop, HostOut features) {
  require_forward(images, max_batch_, stop, last_layer_, features);
  forward_in_groups(images, stop, features, *threads_,
                    [&](ImagesIn group, float* rows) { forward_group(group, stop, rows); });
}

}  // namespace vgg16
