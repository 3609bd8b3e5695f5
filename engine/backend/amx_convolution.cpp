#include "backend/amx_convolution.h"

#include <algorithm>

#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

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
  while (cut.rows > rows_that_fit && cut.rows > kAmxRows) halve_rows();
  const int wanted = n_threads == 1 ? 1 : n_threads * kJobsPerThread;
  while (cut.panels > 1 && cut.jobs(layer, n) < wanted) cut.panels = ceil_div(cut.panels, 2);
  while (cut.pictures > 1 && cut.jobs(layer, n) < wanted) cut.pictures = ceil_div(cut.pictures, 2);
  while (cut.rows > kAmxRows && cut.jobs(layer, n) < wanted) halve_rows();
  return cut;
}

// The kernels by the type of their output.
void run(const Conv3x3Amx& kernels, const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool pool,
         const Bf16Plane* out) {
  kernels.convolve(layer, in, part, pool, out);
}
void run(const Conv3x3Amx& kernels, const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool pool,
         const Plane* out) {
  kernels.convolve_last(layer, in, part, pool, out);
}

}  // namespace

AmxStrips::AmxStrips(int n_threads) {
  for (int thread = 0; thread < n_threads; ++thread) {
    memory_.emplace_back((strip_plane(nullptr).count() + kStripInput) / 2);
  }
}

template <class Out>
void convolve(const Conv3x3Amx& kernels, const AmxLayer& layer, bool pool, const Bf16Plane* in, int n, const Out* out,
              ThreadPool& threads) {
  const Cut cut = cut_of(layer, n, threads.size());
  const int row_parts = ceil_div(layer.side, cut.rows);
  const int panels = layer.oc / kBf16Block;
  const int panel_parts = ceil_div(panels, cut.panels);
  threads.for_each(cut.jobs(layer, n), [&](int64_t i, int) {
    const auto panel = static_cast<int>(i % panel_parts) * cut.panels;
    const auto y = static_cast<int>(i / panel_parts % row_parts) * cut.rows;
    const auto picture = static_cast<int>(i / panel_parts / row_parts) * cut.pictures;
    const AmxPart part = {std::min(cut.pictures, n - picture), y, std::min(y + cut.rows, layer.side), panel,
                          std::min(panel + cut.panels, panels)};
    run(kernels, layer, in + picture, part, pool, out + picture);
  });
}

void convolve_first(const Conv3x3Amx& kernels, const AmxLayer& first, ImagesIn images, const Plane* out,
                    ThreadPool& threads, AmxStrips& strips) {
  threads.for_each(int64_t{images.n} * kStrips, [&](int64_t i, int thread) {
    const int64_t picture = i / kStrips;
    const auto y = static_cast<int>(i % kStrips) * kStripRows;
    uint16_t* rows = strips.of(thread);
    preprocess_amx(images.data + picture * kPictureBytes, y - 1, y + kStripRows + 1, rows);
    kernels.first_last(first, rows, kStripRows, from_row(out[picture], y));
  });
}

template <class Out>
void convolve_first_two(const Conv3x3Amx& kernels, const AmxLayer& first, const AmxLayer& second, bool pool,
                        ImagesIn images, const Out* out, ThreadPool& threads, AmxStrips& strips) {
  threads.for_each(int64_t{images.n} * kStrips, [&](int64_t i, int thread) {
    const int64_t picture = i / kStrips;
    const auto y = static_cast<int>(i % kStrips) * kStripRows;
    const Bf16Plane plane = strip_plane(strips.of(thread));
    uint16_t* rows = plane.data + plane.count();
    // Rows of the first that are inside the picture; the others are zeros, as the strip's border is.
    const int begin = std::max(y - 1, 0);
    const int end = std::min(y + kStripRows + 1, kInputSide);
    clear_borders(&plane, 1);
    preprocess_amx(images.data + picture * kPictureBytes, begin - 1, end + 1, rows);
    kernels.first(first, rows, end - begin, from_row(plane, begin - y));
    const Out rows_out = from_row(out[picture], pool ? y / 2 : y);
    run(kernels, second, &plane, {1, 0, kStripRows, 0, second.oc / kBf16Block}, pool, &rows_out);
  });
}

template void convolve(const Conv3x3Amx&, const AmxLayer&, bool, const Bf16Plane*, int, const Bf16Plane*, ThreadPool&);
template void convolve(const Conv3x3Amx&, const AmxLayer&, bool, const Bf16Plane*, int, const Plane*, ThreadPool&);
template void convolve_first_two(const Conv3x3Amx&, const AmxLayer&, const AmxLayer&, bool, ImagesIn, const Bf16Plane*,
                                 ThreadPool&, AmxStrips&);
template void convolve_first_two(const Conv3x3Amx&, const AmxLayer&, const AmxLayer&, bool, ImagesIn, const Plane*,
                                 ThreadPool&, AmxStrips&);

}  // namespace vgg16
