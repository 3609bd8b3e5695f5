// What the CPU engines have in common: batches in groups of pictures, and the output of the last layer.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <type_traits>
#include <vector>

#include "backend/backend.h"
#include "kernels/memory.h"
#include "kernels/parallel.h"
#include "kernels/plane.h"
#include "network/vgg16.h"
#include "vgg16/weights.h"

namespace vgg16 {

/// Whether a max pool follows convolution `layer` of a network that ends with `last_layer`, and is computed with it.
[[nodiscard]] bool pooled(size_t layer, size_t last_layer);

/// Pictures that go through a late layer together, so that filters are read from memory once for all of them: with
/// Winograd, 8 are 2 % faster than 4 at batch 32 and take 50 MB more.
inline constexpr int kGroup = 8;

/// Calls run(images, rows) for each group of a batch; the last one may be smaller, which changes no bits. Throws
/// Error{kCancelled} if `threads` have left out a part of a group.
template <class Run>
void forward_in_groups(ImagesIn images, Stop stop, HostOut features, ThreadPool& threads, const Run& run) {
  const int64_t row = features_shape(stop, 1).count();
  for (int first = 0; first < images.n; first += kGroup) {
    const int n = std::min(kGroup, images.n - first);
    run(ImagesIn{images.data + first * kPictureBytes, n}, features.data + first * row);
    if (threads.take_left_out()) throw_cancelled();
  }
}

/// Takes `memory` for the planes of `inputs` (by conv index, per picture), which have their shapes already. While a
/// convolution runs, only its input and its output are alive. So two blocks of memory suffice, used in turn by
/// convolutions of even and odd index: two for the early layers, which a few pictures go through at a time, and two for
/// the late ones, for is_late(conv), because the last early layer of one picture runs while earlier pictures of the
/// group wait in late memory. Throws Error{kMemory}.
template <class View, class IsLate>
void place_inputs(std::array<std::vector<View>, kConvLayers>& inputs, const IsLate& is_late,
                  std::array<FloatArray, 4>& memory) {
  using Element = std::remove_pointer_t<decltype(View::data)>;
  const auto place_of = [&](size_t conv) { return 2 * static_cast<size_t>(is_late(conv)) + conv % 2; };
  std::array<int64_t, 4> counts{};
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    if (inputs[conv].empty()) continue;
    int64_t& count = counts[place_of(conv)];
    count = std::max(count, std::ssize(inputs[conv]) * inputs[conv][0].count());
  }
  constexpr int64_t kPerFloat = sizeof(float) / sizeof(Element);
  for (size_t place = 0; place < counts.size(); ++place) memory[place] = FloatArray(counts[place] / kPerFloat);
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    if (inputs[conv].empty()) continue;
    auto* at = reinterpret_cast<Element*>(memory[place_of(conv)].data());
    for (View& plane : inputs[conv]) {
      plane.data = at;
      at += plane.count();
    }
  }
}

/// The planes of the last layer's output, one per picture of a group, in memory of their own.
class OutputPlanes {
 public:
  /// For any of the layers 0..last_layer of `n` pictures. Throws Error{kMemory}.
  OutputPlanes(size_t last_layer, int n);
  /// Gives them the shape of `layer`'s output.
  Plane* place(size_t layer);
  [[nodiscard]] Plane* data() { return planes_.data(); }

 private:
  FloatArray memory_;
  std::vector<Plane> planes_;
};

/// Writes the planes of n pictures, the output of stop.layer, to `features`, of features_shape(stop, n): copied,
/// channels last, or pooled over the positions.
void write_features(const Plane* planes, int n, Stop stop, ThreadPool& threads, float* features);

}  // namespace vgg16
