// One block of the global pooling kernels. Contract in global_pool.h.
#pragma once

#include "kernels/block.cuh"
#include "kernels/vector.cuh"

namespace vgg16 {

/// A block reduces kPoolVectors neighbouring vectors of one picture's channels; its threads are kPoolVectors columns
/// by kPoolRows rows, and row y takes the positions y, y + kPoolRows, ...
inline constexpr int kPoolVectors = 8;
inline constexpr int kPoolRows = 32;
inline constexpr int kPoolThreads = kPoolVectors * kPoolRows;

struct GlobalPoolShape {
  uint32_t positions;          ///< h * w, at least 1
  uint32_t vectors_per_pixel;  ///< c / Vector<T>::kCount
  uint32_t groups;             ///< blocks per picture: vectors_per_pixel / kPoolVectors, rounded up
};

struct Mean {
  static constexpr float kStart = 0.0F;
  __host__ __device__ static float combine(float a, float b) { return a + b; }
  __host__ __device__ static float finish(float sum, uint32_t positions) { return sum / static_cast<float>(positions); }
};

struct Maximum {
  static constexpr float kStart = -__builtin_huge_valf();
  __host__ __device__ static float combine(float a, float b) { return max_or_nan(a, b); }
  __host__ __device__ static float finish(float maximum, uint32_t) { return maximum; }
};

/// Float32 numbers of shared memory that a block needs.
template <class T>
__host__ __device__ constexpr int global_pool_partials() {
  return kPoolRows * kPoolVectors * Vector<T>::kCount;
}

/// `block` is picture * groups + group. `partials` is shared memory, aligned to 16 bytes.
template <class T, class Combine>
__device__ inline void global_pool_block(uint32_t block, uint32_t thread, GlobalPoolShape shape,
                                         const Vector<T>* __restrict__ in, float* __restrict__ out, float* partials) {
  constexpr uint32_t kCount = Vector<T>::kCount;
  constexpr uint32_t kColumns = kPoolVectors * kCount;  // channels of the block
  const uint32_t picture = block / shape.groups;
  const uint32_t group = block % shape.groups;
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

}  // namespace vgg16
