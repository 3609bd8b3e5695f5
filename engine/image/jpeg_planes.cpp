#include "image/jpeg_planes.h"

#include <algorithm>

namespace vgg16 {

void PlaneSampler::prepare(const PlaneShape& shape, std::span<const int> columns) {
  shape_ = shape;
  // The cases of jdsample.c, jinit_upsampler: smoothing needs a plane of more than two columns, but not if only columns
  // are doubled, and other factors than two only repeat samples.
  smooth_x_ = shape.expand_x == 2 && shape.expand_y <= 2 && shape.width > 2;
  smooth_y_ = shape.expand_y == 2 && (shape.expand_x == 1 || smooth_x_);
  columns_.clear();
  for (const int x : columns) {
    const int near = x / shape.expand_x;
    const int odd = x % 2;
    columns_.push_back({near, std::clamp(odd == 1 ? near + 1 : near - 1, 0, shape.width - 1), odd});
  }
}

PlaneRows PlaneSampler::rows_for(int y) const {
  const int near = y / shape_.expand_y;
  if (!smooth_y_) return {near, near};
  return {near, std::clamp(y % 2 == 1 ? near + 1 : near - 1, 0, shape_.height - 1)};
}

void PlaneSampler::sample(int y, const uint8_t* near, const uint8_t* far, uint8_t* out) const {
  const auto both_rows = [&](int x) { return 3 * near[x] + far[x]; };
  if (smooth_x_ && smooth_y_) {
    for (const Column& x : columns_) {
      *out++ = static_cast<uint8_t>((3 * both_rows(x.near) + both_rows(x.far) + 8 - x.odd) >> 4);
    }
  } else if (smooth_x_) {
    for (const Column& x : columns_) *out++ = static_cast<uint8_t>((3 * near[x.near] + near[x.far] + 1 + x.odd) >> 2);
  } else if (smooth_y_) {
    for (const Column& x : columns_) *out++ = static_cast<uint8_t>((both_rows(x.near) + 1 + y % 2) >> 2);
  } else {
    for (const Column& x : columns_) *out++ = near[x.near];
  }
}

// The factors of ITU-T T.871 in 16 bits after the binary point. libjpeg rounds each product for red and blue, and the
// sum of the two for green.
void ycc_to_rgb(uint8_t* first, uint8_t* second, uint8_t* third, size_t count) {
  constexpr int kHalf = 1 << 15;
  const auto clamped = [](int value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); };
  for (size_t i = 0; i < count; ++i) {
    const int y = first[i];
    const int cb = second[i] - 128;
    const int cr = third[i] - 128;
    first[i] = clamped(y + ((91'881 * cr + kHalf) >> 16));                  // 1.402
    second[i] = clamped(y + ((-22'554 * cb - 46'802 * cr + kHalf) >> 16));  // 0.344136, 0.714136
    third[i] = clamped(y + ((116'130 * cb + kHalf) >> 16));                 // 1.772
  }
}

}  // namespace vgg16
