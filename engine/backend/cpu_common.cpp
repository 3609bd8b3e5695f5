#include "backend/cpu_common.h"

#include <cstring>

#include "kernels/adaptive_pool.h"

namespace vgg16 {
namespace {

// Copies the planes' blocks of 16 channels to features (n, h, w, c).
void write_layer(const Plane* planes, int n, size_t layer, ThreadPool& threads, float* features) {
  const Shape4 shape = output_shape(layer, 1);
  threads.for_each(int64_t{n} * shape.h, [&](int64_t i, int) {
    const auto y = static_cast<int>(i % shape.h);
    float* out = features + i * shape.w * shape.c;
    for (int x = 0; x < shape.w; ++x) {
      for (int block = 0; block < shape.c / kBlock; ++block, out += kBlock) {
        std::memcpy(out, planes[i / shape.h].at(block, y, x), kBlock * sizeof(float));
      }
    }
  });
}

// Pools the planes to features (n, 1, 1, c) or (n, 2, 2, c); each call of the operation writes kBlock of their numbers.
void write_pooled(const Plane* planes, int n, Stop stop, ThreadPool& threads, float* features) {
  const Shape4 shape = features_shape(stop, n);
  const int blocks = shape.c / kBlock;
  const auto pool = stop.pool == Pool::kMax ? adaptive_max_pool_cpu : adaptive_avg_pool_cpu;
  threads.for_each(shape.count() / kBlock, [&](int64_t i, int) {
    const auto block = static_cast<int>(i % blocks);
    const auto pixel = static_cast<int>(i / blocks);
    const Plane& plane = planes[pixel / (shape.h * shape.w)];
    pool(plane, block, pool_window(pixel / shape.w % shape.h, shape.h, plane.h),
         pool_window(pixel % shape.w, shape.w, plane.w), features + i * kBlock);
  });
}

}  // namespace

bool pooled(size_t layer, size_t last_layer) { return layer + 1 <= last_layer && !is_conv(layer + 1); }

OutputPlanes::OutputPlanes(size_t last_layer, int n) : planes_(static_cast<size_t>(n)) {
  int64_t count = 0;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    const Shape4 shape = output_shape(layer, n);
    count = std::max(count, int64_t{shape.n} * (shape.h + 2) * (shape.w + 2) * shape.c);
  }
  memory_ = FloatArray(count);
}

Plane* OutputPlanes::place(size_t layer) {
  const Shape4 shape = output_shape(layer, 1);
  Plane plane{memory_.data(), shape.c, shape.h, shape.w, shape.h + 2, shape.w + 2};
  for (Plane& out : planes_) {
    out = plane;
    plane.data += plane.count();
  }
  return planes_.data();
}

void write_features(const Plane* planes, int n, Stop stop, ThreadPool& threads, float* features) {
  if (stop.pool == Pool::kNone)
    write_layer(planes, n, stop.layer, threads, features);
  else
    write_pooled(planes, n, stop, threads, features);
}

}  // namespace vgg16
