// Contract in adaptive_pool.h. Limited by memory bandwidth: every number is read once, those that windows share from
// the cache.
#include "kernels/adaptive_pool.h"
#include "kernels/block.cuh"
#include "kernels/launch.cuh"

namespace vgg16 {
namespace {

// A block reduces kPoolVectors neighbouring vectors of one window's channels; its threads are kPoolVectors columns by
// kPoolRows rows, and row y takes the window's positions y, y + kPoolRows, ...
constexpr int kPoolVectors = 8;
constexpr int kPoolRows = 32;
constexpr int kPoolThreads = kPoolVectors * kPoolRows;
constexpr int kMaxSide = 2;

struct AdaptivePoolShape {
  uint32_t h, w;  // of the input
  uint32_t side;  // windows along each side, at most kMaxSide
  PoolWindow rows[kMaxSide], columns[kMaxSide];
  uint32_t vectors_per_pixel;  // c / Vector<T>::kCount
  uint32_t groups;             // blocks per window: vectors_per_pixel / kPoolVectors, rounded up
};

struct Mean {
  static constexpr float kStart = 0.0F;
  __device__ static float combine(float a, float b) { return a + b; }
  __device__ static float finish(float sum, uint32_t positions) { return sum / static_cast<float>(positions); }
};

struct Maximum {
  static constexpr float kStart = -__builtin_huge_valf();
  __device__ static float combine(float a, float b) { return max_or_nan(a, b); }
  __device__ static float finish(float maximum, uint32_t) { return maximum; }
};

// Block ((picture * side + i) * side + j) * groups + group.
template <class T, class Combine>
__global__ void __launch_bounds__(kPoolThreads)
    adaptive_pool_kernel(AdaptivePoolShape shape, const Vector<T>* __restrict__ in, float* __restrict__ out) {
  constexpr uint32_t kCount = Vector<T>::kCount;
  constexpr uint32_t kColumns = kPoolVectors * kCount;  // channels of the block
  const uint32_t thread = threadIdx.x;
  const uint32_t pixel = blockIdx.x / shape.groups;  // of the output
  const uint32_t group = blockIdx.x % shape.groups;
  const uint32_t picture = pixel / (shape.side * shape.side);
  const PoolWindow rows = shape.rows[pixel / shape.side % shape.side];
  const PoolWindow columns = shape.columns[pixel % shape.side];
  const auto width = static_cast<uint32_t>(columns.size);
  const uint32_t positions = static_cast<uint32_t>(rows.size) * width;
  const uint32_t column = thread % kPoolVectors;
  const uint32_t row = thread / kPoolVectors;
  const uint32_t vector = group * kPoolVectors + column;

  float partial[kCount];
  VGG16_UNROLL
  for (uint32_t i = 0; i < kCount; ++i) partial[i] = Combine::kStart;
  if (vector < shape.vectors_per_pixel) {
    const uint32_t first = static_cast<uint32_t>(rows.first) * shape.w + static_cast<uint32_t>(columns.first);
    const Vector<T>* x =
        in + (static_cast<size_t>(picture) * shape.h * shape.w + first) * shape.vectors_per_pixel + vector;
    // Unrolled, the loop takes more than the 32 registers that let 8 blocks be resident.
    VGG16_NO_UNROLL
    for (uint32_t position = row; position < positions; position += kPoolRows) {
      const uint32_t at = position / width * shape.w + position % width;
      const Vector<T> value = x[static_cast<size_t>(at) * shape.vectors_per_pixel];
      VGG16_UNROLL
      for (uint32_t i = 0; i < kCount; ++i) partial[i] = Combine::combine(partial[i], to_float(value.v[i]));
    }
  }
  auto* partials = reinterpret_cast<float*>(block_memory());  // (kPoolRows, kColumns)
  VGG16_UNROLL
  for (uint32_t i = 0; i < kCount; ++i) partials[row * kColumns + column * kCount + i] = partial[i];
  block_barrier();

  // One thread per channel combines the partial results of the kPoolRows rows in ascending order, so that the sum
  // always has the same bits.
  const uint32_t channel = group * kColumns + thread;
  if (thread >= kColumns || channel >= shape.vectors_per_pixel * kCount) return;
  float result = partials[thread];
  for (uint32_t y = 1; y < kPoolRows; ++y) result = Combine::combine(result, partials[y * kColumns + thread]);
  out[static_cast<size_t>(pixel) * shape.vectors_per_pixel * kCount + channel] = Combine::finish(result, positions);
}

// One block per window and group of 8 vectors of channels; the same code for mean and maximum.
template <class Combine>
void launch_adaptive_pool(const char* name, DeviceIn in, DeviceOut out, CudaStream stream) {
  require_vectors(name, in);
  const Shape4 x = in.shape;
  const int side = out.shape.h;
  require_shape(
      out.shape == Shape4{x.n, side, side, x.c} && (side == 1 || side == kMaxSide) && out.type == ElementType::kF32,
      "adaptive_pool_cuda: out must be (n, 1, 1, c) or (n, 2, 2, c) float32");
  require_shape(x.h >= side && x.w >= side, "adaptive_pool_cuda: in has fewer positions than out along a side");
  with_type(in.type, [&](auto element) {
    using T = decltype(element);
    const int vectors = x.c / Vector<T>::kCount;
    const int groups = (vectors + kPoolVectors - 1) / kPoolVectors;
    AdaptivePoolShape shape = {
        static_cast<uint32_t>(x.h),     static_cast<uint32_t>(x.w),   static_cast<uint32_t>(side), {}, {},
        static_cast<uint32_t>(vectors), static_cast<uint32_t>(groups)};
    for (int i = 0; i < side; ++i) {
      shape.rows[i] = pool_window(i, side, x.h);
      shape.columns[i] = pool_window(i, side, x.w);
    }
    constexpr int kSharedBytes = kPoolThreads * Vector<T>::kCount * static_cast<int>(sizeof(float));
    const Grid grid = {static_cast<uint32_t>(x.n) * shape.side * shape.side * shape.groups, kPoolThreads, kSharedBytes};
    launch(name, adaptive_pool_kernel<T, Combine>, grid, stream, shape, static_cast<const Vector<T>*>(in.data),
           static_cast<float*>(out.data));
  });
}

}  // namespace

void adaptive_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch_adaptive_pool<Mean>("adaptive_avg_pool_cuda", in, out, stream);
}

void adaptive_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch_adaptive_pool<Maximum>("adaptive_max_pool_cuda", in, out, stream);
}

}  // namespace vgg16
