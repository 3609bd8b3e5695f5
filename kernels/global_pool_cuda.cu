// Contract in global_pool.h. Limited by memory bandwidth: every number is read once.
#include "kernels/block.cuh"
#include "kernels/global_pool.h"
#include "kernels/launch.cuh"

namespace vgg16 {
namespace {

// A block reduces kPoolVectors neighbouring vectors of one picture's channels; its threads are kPoolVectors columns
// by kPoolRows rows, and row y takes the positions y, y + kPoolRows, ...
constexpr int kPoolVectors = 8;
constexpr int kPoolRows = 32;
constexpr int kPoolThreads = kPoolVectors * kPoolRows;

struct GlobalPoolShape {
  uint32_t positions;          // h * w, at least 1
  uint32_t vectors_per_pixel;  // c / Vector<T>::kCount
  uint32_t groups;             // blocks per picture: vectors_per_pixel / kPoolVectors, rounded up
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

// Block picture * groups + group.
template <class T, class Combine>
__global__ void __launch_bounds__(kPoolThreads)
    global_pool_kernel(GlobalPoolShape shape, const Vector<T>* __restrict__ in, float* __restrict__ out) {
  constexpr uint32_t kCount = Vector<T>::kCount;
  constexpr uint32_t kColumns = kPoolVectors * kCount;  // channels of the block
  const uint32_t thread = threadIdx.x;
  const uint32_t picture = blockIdx.x / shape.groups;
  const uint32_t group = blockIdx.x % shape.groups;
  const uint32_t column = thread % kPoolVectors;
  const uint32_t row = thread / kPoolVectors;
  const uint32_t vector = group * kPoolVectors + column;

  float partial[kCount];
  VGG16_UNROLL
  for (uint32_t i = 0; i < kCount; ++i) partial[i] = Combine::kStart;
  if (vector < shape.vectors_per_pixel) {
    const Vector<T>* x = in + static_cast<size_t>(picture) * shape.positions * shape.vectors_per_pixel + vector;
    for (uint32_t position = row; position < shape.positions; position += kPoolRows) {
      const Vector<T> value = x[static_cast<size_t>(position) * shape.vectors_per_pixel];
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
  out[static_cast<size_t>(picture) * shape.vectors_per_pixel * kCount + channel] =
      Combine::finish(result, shape.positions);
}

// One block per picture and group of 8 vectors of channels; the same code for mean and maximum.
template <class Combine>
void launch_global_pool(const char* name, DeviceIn in, DeviceOut out, CudaStream stream) {
  require_vectors(name, in);
  const Shape4 x = in.shape;
  require_shape(x.h > 0 && x.w > 0, "global_pool_cuda: in has no positions");
  require_shape(out.shape == Shape4{x.n, 1, 1, x.c} && out.type == ElementType::kF32,
                "global_pool_cuda: out must be (n, 1, 1, c) float32");
  with_type(in.type, [&](auto element) {
    using T = decltype(element);
    const int vectors = x.c / Vector<T>::kCount;
    const int groups = (vectors + kPoolVectors - 1) / kPoolVectors;
    const GlobalPoolShape shape = {static_cast<uint32_t>(x.h) * static_cast<uint32_t>(x.w),
                                   static_cast<uint32_t>(vectors), static_cast<uint32_t>(groups)};
    constexpr int kSharedBytes = kPoolThreads * Vector<T>::kCount * static_cast<int>(sizeof(float));
    const Grid grid = {static_cast<uint32_t>(x.n) * shape.groups, kPoolThreads, kSharedBytes};
    launch(name, global_pool_kernel<T, Combine>, grid, stream, shape, static_cast<const Vector<T>*>(in.data),
           static_cast<float*>(out.data));
  });
}

}  // namespace

void global_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch_global_pool<Mean>("global_avg_pool_cuda", in, out, stream);
}

void global_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream) {
  launch_global_pool<Maximum>("global_max_pool_cuda", in, out, stream);
}

}  // namespace vgg16
