#include "backend/amx_backend.h"

#include <algorithm>
#include <string>

#include "backend/cpu_output.h"
#include "vgg16/error.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

// Pictures that go through a late layer together, so that filters are read from memory once for all of them.
constexpr int kGroup = 8;
// Layers of this side and more are early: their filters are small and their planes large. Fewer pictures go through
// them together, so that a layer's output is still in the caches when the next one reads it, but enough to keep all
// threads busy to the end of a layer.
constexpr int kEarlySide = 56;
int early_pictures(int group, int n_threads) { return std::clamp(n_threads / 2, 1, group); }

bool is_early(const AmxLayer& layer) { return layer.side >= kEarlySide; }
// Bytes of input of one job: they are read once per panel of filters, so they stay in the level 2 cache with one.
constexpr int64_t kJobBytes = 1 << 20;
// Jobs per thread, so that all threads end at about the same time.
constexpr int kJobsPerThread = 4;

// Rows of block1_conv2 that one job computes, together with the rows of block1_conv1 that they read: so the output of
// the first, the largest of the network, stays in the level 2 cache.
constexpr int kStripRows = 8;
constexpr int kStrips = kInputSide / kStripRows;
constexpr int kPadded = kInputSide + 2;

// A strip of block1_conv1's output as a plane of kStripRows rows inside its border.
Bf16Plane strip_plane(uint16_t* data) { return {data, 64, kStripRows, kInputSide, kStripRows + 2, kPadded}; }
// Rows of the input that it needs, and their bfloat16 numbers.
constexpr int64_t kStripInput = int64_t{kStripRows + 4} * kAmxFirstStride;

// Views of the pictures of one layer from row y on.
template <class View>
View from_row(View plane, int y) {
  plane.data += y * plane.row_stride();
  return plane;
}

int ceil_div(int a, int b) { return (a + b - 1) / b; }

// How the work of a layer on n pictures is cut into jobs: pictures x rows of each x panels.
struct Cut {
  int pictures, rows, panels;  // of one job, at most
  [[nodiscard]] int jobs(const AmxLayer& layer, int n) const {
    return ceil_div(n, pictures) * ceil_div(layer.side, rows) * ceil_div(layer.oc / kBf16Block, panels);
  }
};

// As large as kJobBytes allows, and then fewer panels, pictures and rows until every thread has some jobs.
Cut cut_of(const AmxLayer& layer, int n, int n_threads) {
  const int64_t row_bytes = int64_t{layer.side + 2} * layer.ic * 2;
  const auto rows_that_fit = static_cast<int>(kJobBytes / row_bytes);
  Cut cut = {std::clamp(rows_that_fit / (layer.side + 2), 1, n), layer.side, layer.oc / kBf16Block};
  const auto halve_rows = [&] { cut.rows = ceil_div(cut.rows, 2 * kAmxRows) * kAmxRows; };
  while (cut.rows > rows_that_fit) halve_rows();
  const int wanted = n_threads == 1 ? 1 : n_threads * kJobsPerThread;
  while (cut.panels > 1 && cut.jobs(layer, n) < wanted) cut.panels = ceil_div(cut.panels, 2);
  while (cut.pictures > 1 && cut.jobs(layer, n) < wanted) cut.pictures = ceil_div(cut.pictures, 2);
  while (cut.rows > kAmxRows && cut.jobs(layer, n) < wanted) halve_rows();
  return cut;
}

}  // namespace

AmxBackend::AmxBackend(std::shared_ptr<const AmxNetwork> network, const Conv3x3Amx& kernels,
                       std::unique_ptr<ThreadPool> threads, size_t last_layer, int max_batch)
    : network_(std::move(network)),
      kernels_(kernels),
      threads_(std::move(threads)),
      last_layer_(last_layer),
      max_batch_(max_batch) {
  require(max_batch >= 1, ErrorCode::kInvalidArgument,
          "batch size must be 1 or more, not " + std::to_string(max_batch));
  const int group = std::min(max_batch_, kGroup);
  early_ = early_pictures(group, threads_->size());
  // While a convolution runs, only its input and its output are alive: so two blocks of memory in turns, for the early
  // layers, and two for the late ones, where the pictures of a group wait for one another.
  const auto place_of = [&](size_t conv) { return 2 * size_t{!is_early(network_->convolutions[conv])} + conv % 2; };
  std::array<int64_t, 4> counts{};
  int64_t output_count = 0;
  for (size_t layer = 0; layer <= last_layer_; ++layer) {
    const Shape4 shape = output_shape(layer, group);
    output_count = std::max(output_count, int64_t{shape.n} * (shape.h + 2) * (shape.w + 2) * shape.c);
    const size_t conv = conv_index(layer);
    if (!is_conv(layer) || conv < 2) continue;  // the inputs of the first two stay in strips_
    const AmxLayer& w = network_->convolutions[conv];
    const int n = is_early(w) ? early_ : group;
    inputs_[conv].assign(static_cast<size_t>(n), {nullptr, w.ic, w.side, w.side, w.side + 2, w.side + 2});
    int64_t& count = counts[place_of(conv)];
    count = std::max(count, n * inputs_[conv][0].count());
  }
  for (size_t place = 0; place < memory_.size(); ++place) memory_[place] = FloatArray(counts[place] / 2);
  for (size_t conv = 2; conv < kConvLayers; ++conv) {
    if (inputs_[conv].empty()) continue;
    auto* at = reinterpret_cast<uint16_t*>(memory_[place_of(conv)].data());
    for (Bf16Plane& plane : inputs_[conv]) {
      plane.data = at;
      at += plane.count();
    }
  }
  output_memory_ = FloatArray(output_count);
  output_.resize(static_cast<size_t>(group));
  for (int thread = 0; thread < threads_->size(); ++thread) {
    strips_.emplace_back((strip_plane(nullptr).count() + kStripInput) / 2);
  }
}

// A batch in parts of kGroup is computed exactly as the whole batch would be.
int AmxBackend::pictures_at_a_time() const { return kGroup; }

void AmxBackend::place_output(size_t layer) {
  const Shape4 shape = output_shape(layer, 1);
  Plane plane{output_memory_.data(), shape.c, shape.h, shape.w, shape.h + 2, shape.w + 2};
  for (Plane& out : output_) {
    out = plane;
    plane.data += plane.count();
  }
}

// The planes for the output of the convolution before `conv`, of pictures from `picture` of the group on.
Bf16Plane* AmxBackend::input_of(size_t conv, int picture) {
  return inputs_[conv].data() + (is_early(network_->convolutions[conv]) ? 0 : picture);
}

// block1_conv1 and block1_conv2, or the first alone if the network ends there, of pictures from `first` of the group
// on.
void AmxBackend::first_two(ImagesIn images, int first, size_t last_layer) {
  const bool pool = pooled(1, last_layer);
  const AmxLayer& second = network_->convolutions[1];
  if (last_layer > 2) clear_borders(input_of(2, first), images.n);
  threads_->for_each(int64_t{images.n} * kStrips, [&](int64_t i, int thread) {
    const auto picture = static_cast<int>(i / kStrips);
    const uint8_t* pixels = images.data + picture * kPictureBytes;
    const Plane& last_out = output_[static_cast<size_t>(first + picture)];
    const auto y = static_cast<int>(i % kStrips) * kStripRows;
    auto* strip = reinterpret_cast<uint16_t*>(strips_[static_cast<size_t>(thread)].data());
    uint16_t* rows = strip + strip_plane(nullptr).count();
    if (last_layer == 0) {
      preprocess_amx(pixels, y - 1, y + kStripRows + 1, rows);
      kernels_.first_last(network_->convolutions[0], rows, kStripRows, from_row(last_out, y));
      return;
    }
    // Rows of the first that are inside the picture; the others are zeros, as the strip's border is.
    const Bf16Plane plane = strip_plane(strip);
    const int begin = std::max(y - 1, 0);
    const int end = std::min(y + kStripRows + 1, kInputSide);
    clear_borders(&plane, 1);
    preprocess_amx(pixels, begin - 1, end + 1, rows);
    kernels_.first(network_->convolutions[0], rows, end - begin, from_row(plane, begin - y));
    const AmxPart part = {1, 0, kStripRows, 0, second.oc / kBf16Block};
    const int to = pool ? y / 2 : y;
    if (last_layer <= 2) {
      const Plane out = from_row(last_out, to);
      kernels_.convolve_last(second, &plane, part, pool, &out);
    } else {
      const Bf16Plane out = from_row(input_of(2, first)[picture], to);
      kernels_.convolve(second, &plane, part, pool, &out);
    }
  });
}

// One convolution after the first two, with its pool, of n pictures from `first` of the group on.
void AmxBackend::convolve(size_t layer, int first, int n, size_t last_layer) {
  const size_t conv = conv_index(layer);
  const AmxLayer& w = network_->convolutions[conv];
  const bool pool = pooled(layer, last_layer);
  const bool last = layer + (pool ? 1 : 0) == last_layer;
  const Bf16Plane* in = input_of(conv, first);
  const Bf16Plane* out = last ? nullptr : input_of(conv + 1, first);
  if (!last) clear_borders(out, n);
  const Cut cut = cut_of(w, n, threads_->size());
  const int row_parts = ceil_div(w.side, cut.rows);
  const int panels = w.oc / kBf16Block;
  const int panel_parts = ceil_div(panels, cut.panels);
  threads_->for_each(cut.jobs(w, n), [&](int64_t i, int) {
    const auto panel = static_cast<int>(i % panel_parts) * cut.panels;
    const auto y = static_cast<int>(i / panel_parts % row_parts) * cut.rows;
    const auto picture = static_cast<int>(i / panel_parts / row_parts) * cut.pictures;
    const AmxPart part = {std::min(cut.pictures, n - picture), y, std::min(y + cut.rows, w.side), panel,
                          std::min(panel + cut.panels, panels)};
    if (last)
      kernels_.convolve_last(w, in + picture, part, pool, output_.data() + first + picture);
    else
      kernels_.convolve(w, in + picture, part, pool, out + picture);
  });
}

void AmxBackend::forward_group(ImagesIn images, Stop stop, float* features) {
  place_output(stop.layer);
  size_t late = 3;
  while (late <= stop.layer && (!is_conv(late) || is_early(network_->convolutions[conv_index(late)]))) ++late;
  for (int first = 0; first < images.n; first += early_) {
    const int n = std::min(early_, images.n - first);
    first_two({images.data + first * kPictureBytes, n}, first, stop.layer);
    for (size_t layer = 3; layer < late; ++layer) {
      if (is_conv(layer)) convolve(layer, first, n, stop.layer);
    }
  }
  for (size_t layer = late; layer <= stop.layer; ++layer) {
    if (is_conv(layer)) convolve(layer, 0, images.n, stop.layer);
  }
  write_features(output_.data(), images.n, stop, *threads_, features);
}

// Group by group; the last one may be smaller, which changes no bits.
void AmxBackend::forward(ImagesIn images, Stop stop, HostOut features) {
  require_forward(images, max_batch_, stop, last_layer_, features);
  const int64_t row = features_shape(stop, 1).count();
  for (int first = 0; first < images.n; first += kGroup) {
    const int n = std::min(kGroup, images.n - first);
    forward_group({images.data + first * kPictureBytes, n}, stop, features.data + first * row);
    if (threads_->take_left_out()) throw_cancelled();
  }
}

}  // namespace vgg16
