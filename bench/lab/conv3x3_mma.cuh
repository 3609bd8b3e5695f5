// One block of conv3x3_bias_relu_cuda: implicit GEMM on tensor cores. Contract in conv3x3_mma.h.
//
// The product is (pixels, 9 ic) x (9 ic, oc). A block computes kTileM pixels by kTileN output channels, in steps of 128
// bytes of input channels of one of the nine kernel positions, ic being a multiple of that. Each step's rows, of pixels
// moved by the kernel position and of the packed kernel, are copied into one of kStages stages of shared memory, two
// steps ahead of their use. Pixels outside the picture are copied as zeros; no padded copy of the input exists.
//
// Pixels are numbered so that the four of a pooling window are consecutive (pixel_at). The block's outputs pass through
// shared memory, to be written in whole vectors; there the maximum of each window is taken.
#pragma once

#include "kernels/vector.cuh"
#include "lab/sm80.cuh"

namespace vgg16 {

struct MmaShape {
  int n, h, w, ic, oc;
  bool pool;
};

/// Bytes of input channels in one step: a row of shared memory, eight chunks of 16 bytes.
inline constexpr int kRowBytes = 128;
inline constexpr int kChunks = kRowBytes / 16;
inline constexpr int kConvThreads = 128;  // four warps, two by two
inline constexpr int kStages = 3;

/// Offset of chunk `chunk` of row `row` in a stage. Rows are 128 bytes apart, so equal chunks of all rows would be in
/// the same banks. The chunks of a row are therefore permuted by the row's number (an XOR swizzle): the same chunk of
/// eight rows, which load_matrices reads at once, and the eight chunks of one row, which eight neighbouring threads
/// copy, are in different banks.
__host__ __device__ constexpr int stage_offset(int row, int chunk) {
  return row * kRowBytes + ((chunk ^ (row % kChunks)) * 16);
}

/// The row and the chunk whose address a lane gives to load_matrices for 16 pixels and the 32 bytes from chunk 0 on:
/// matrices are (rows 0-7, chunk 0), (rows 8-15, chunk 0), (rows 0-7, chunk 1), (rows 8-15, chunk 1).
__host__ __device__ constexpr int pixel_fragment_row(int lane) { return lane % 16; }
__host__ __device__ constexpr int pixel_fragment_chunk(int lane) { return lane / 16; }
/// The same for 16 output channels: (rows 0-7, chunk 0), (rows 0-7, chunk 1), (rows 8-15, chunk 0), (.., chunk 1), so
/// that words 0 and 1 are one operand of multiply_add and words 2 and 3 the next.
__host__ __device__ constexpr int kernel_fragment_row(int lane) { return lane % 8 + lane / 16 * 8; }
__host__ __device__ constexpr int kernel_fragment_chunk(int lane) { return lane / 8 % 2; }

/// Where pixel number m of the product lies: i and j in its picture, and its place among the input's pixels.
struct Pixel {
  int i, j, place;
};
__host__ __device__ inline Pixel pixel_at(int m, const MmaShape& shape) {
  if (!shape.pool) return {m / shape.w % shape.h, m % shape.w, m};
  const int window = m / 4;
  const int half_w = shape.w / 2;
  const int row = window / half_w;  // of windows, over all pictures
  const int i = row % (shape.h / 2) * 2 + m % 4 / 2;
  const int j = window % half_w * 2 + m % 2;
  return {i, j, (row * 2 + m % 4 / 2) * shape.w + j};
}

/// Bit kh * 3 + kw is set where the kernel's position (kh, kw) at pixel (i, j) lies inside the picture.
__host__ __device__ inline uint32_t inside_mask(int i, int j, int h, int w) {
  uint32_t mask = 0;
  VGG16_UNROLL
  for (int position = 0; position < 9; ++position) {
    const int y = i + position / 3 - 1;
    const int x = j + position % 3 - 1;
    if (y >= 0 && y < h && x >= 0 && x < w) mask |= 1U << position;
  }
  return mask;
}

/// What a warp computes, kWarpM pixels by kWarpN channels, decides the rest.
template <class T, int kWarpM_, int kWarpN_>
struct ConvTile {
  static constexpr int kWarpM = kWarpM_, kWarpN = kWarpN_;
  static constexpr int kTileM = 2 * kWarpM, kTileN = 2 * kWarpN;
  static constexpr int kStep = static_cast<int>(kRowBytes / sizeof(T));  ///< input channels
  static constexpr int kPixelRows = kTileM * kChunks / kConvThreads;     ///< chunks that a thread copies per step
  static constexpr int kKernelRows = kTileN * kChunks / kConvThreads;
  static constexpr int kRowsApart = kConvThreads / kChunks;  ///< between two rows of one thread
  static constexpr int kStageBytes = (kTileM + kTileN) * kRowBytes;
  /// Outputs in shared memory: rows of kTileN numbers, padded by 16 bytes, which puts the eight rows that a warp writes
  /// at once into different banks.
  static constexpr int kOutRowBytes = static_cast<int>(kTileN * sizeof(T)) + 16;
  static constexpr int kSharedBytes =
      kStages * kStageBytes > kTileM* kOutRowBytes ? kStages* kStageBytes : kTileM* kOutRowBytes;
  static constexpr int kOutVectors = static_cast<int>(kTileN * sizeof(T) / 16);  ///< per row
};

/// What a thread does; its block has Tile::kSharedBytes of shared memory. Blocks of one pixel tile follow one another,
/// so that they find its pixels in the L2 cache. oc must be a multiple of Tile::kTileN.
template <class T, class Tile>
__device__ inline void conv3x3_block(const MmaShape& shape, const T* __restrict__ in, const T* __restrict__ kernel,
                                     const float* __restrict__ bias, T* __restrict__ out) {
  unsigned char* shared = block_memory();
  const int thread = static_cast<int>(threadIdx.x);
  const int block = static_cast<int>(blockIdx.x);
  const int channel_tiles = shape.oc / Tile::kTileN;
  const int first_pixel = block / channel_tiles * Tile::kTileM;
  const int first_channel = block % channel_tiles * Tile::kTileN;
  const int pixels = shape.n * shape.h * shape.w;

  // What this thread copies: one chunk of each row thread / 8 + 16 k.
  const int chunk = thread % kChunks;
  const int first_row = thread / kChunks;
  int place[Tile::kPixelRows];
  uint32_t inside[Tile::kPixelRows];
  VGG16_UNROLL
  for (int k = 0; k < Tile::kPixelRows; ++k) {
    const int m = first_pixel + first_row + k * Tile::kRowsApart;
    const Pixel pixel = pixel_at(m < pixels ? m : 0, shape);
    place[k] = pixel.place;
    inside[k] = m < pixels ? inside_mask(pixel.i, pixel.j, shape.h, shape.w) : 0;
  }
  constexpr int kPerChunk = static_cast<int>(16 / sizeof(T));
  const int64_t kernel_row = int64_t{9} * shape.ic;
  const T* kernel_from = kernel + (first_channel + first_row) * kernel_row + chunk * kPerChunk;

  int position = 0;  // of the kernel, of the step that is copied next
  int first_ic = 0;
  const auto copy_step = [&](int stage) {
    unsigned char* to = shared + stage * Tile::kStageBytes;
    const int moved = (position / 3 - 1) * shape.w + position % 3 - 1;
    VGG16_UNROLL
    for (int k = 0; k < Tile::kPixelRows; ++k) {
      const bool valid = (inside[k] >> position & 1U) != 0;
      const T* from = in + int64_t{place[k] + moved} * shape.ic + first_ic + chunk * kPerChunk;
      copy16_async(to + stage_offset(first_row + k * Tile::kRowsApart, chunk), valid ? from : in, valid);
    }
    to += Tile::kTileM * kRowBytes;
    VGG16_UNROLL
    for (int k = 0; k < Tile::kKernelRows; ++k) {
      copy16_async(to + stage_offset(first_row + k * Tile::kRowsApart, chunk),
                   kernel_from + k * Tile::kRowsApart * kernel_row, true);
    }
    kernel_from += Tile::kStep;  // positions follow one another in the packed kernel
    first_ic += Tile::kStep;
    if (first_ic == shape.ic) {
      first_ic = 0;
      ++position;
    }
  };

  const int lane = thread % 32;
  const int warp_m = thread / 32 / 2 * Tile::kWarpM;
  const int warp_n = thread / 32 % 2 * Tile::kWarpN;
  float sums[Tile::kWarpM / 16][Tile::kWarpN / 8][4] = {};
  const auto multiply_step = [&](int stage) {
    const unsigned char* a_from = shared + stage * Tile::kStageBytes;
    const unsigned char* b_from = a_from + Tile::kTileM * kRowBytes;
    VGG16_UNROLL
    for (int first_chunk = 0; first_chunk < kChunks; first_chunk += 2) {
      uint32_t a[Tile::kWarpM / 16][4];
      VGG16_UNROLL
      for (int y = 0; y < Tile::kWarpM / 16; ++y) {
        load_matrices(
            a_from + stage_offset(warp_m + y * 16 + pixel_fragment_row(lane), first_chunk + pixel_fragment_chunk(lane)),
            a[y]);
        if constexpr (sizeof(T) == 4) {
          VGG16_UNROLL
          for (int k = 0; k < 4; ++k) a[y][k] = round_to_tf32(a[y][k]);
        }
      }
      VGG16_UNROLL
      for (int x = 0; x < Tile::kWarpN / 16; ++x) {
        uint32_t two[4];
        load_matrices(b_from + stage_offset(warp_n + x * 16 + kernel_fragment_row(lane),
                                            first_chunk + kernel_fragment_chunk(lane)),
                      two);
        const uint32_t b[2][2] = {{two[0], two[1]}, {two[2], two[3]}};
        VGG16_UNROLL
        for (int y = 0; y < Tile::kWarpM / 16; ++y) {
          multiply_add<T>(sums[y][2 * x], a[y], b[0]);
          multiply_add<T>(sums[y][2 * x + 1], a[y], b[1]);
        }
      }
    }
  };

  // There are at least 9 steps. Every iteration closes a group, the last ones an empty one, so that the count of groups
  // that may be pending is always the same.
  const int steps = 9 * (shape.ic / Tile::kStep);
  for (int step = 0; step < kStages - 1; ++step) {
    copy_step(step);
    close_copy_group();
  }
  int stage = 0;
  for (int step = 0; step < steps; ++step) {
    wait_copy_groups<kStages - 2>();
    // After this barrier all threads' copies for this step are complete, and no thread still reads the stage of the
    // step before, which is filled next.
    block_barrier();
    if (step + kStages - 1 < steps) copy_step(stage == 0 ? kStages - 1 : stage - 1);
    close_copy_group();
    multiply_step(stage);
    stage = stage + 1 == kStages ? 0 : stage + 1;
  }
  block_barrier();  // all copies have landed and been read: from here on the stages hold the outputs

  VGG16_UNROLL
  for (int x = 0; x < Tile::kWarpN / 8; ++x) {
    const int column = warp_n + x * 8 + lane % 4 * 2;
    const float b[2] = {bias[first_channel + column], bias[first_channel + column + 1]};
    VGG16_UNROLL
    for (int y = 0; y < Tile::kWarpM / 16; ++y) {
      VGG16_UNROLL
      for (int k = 0; k < 2; ++k) {
        struct alignas(2 * sizeof(T)) Pair {
          T v[2];
        };
        const int row = warp_m + y * 16 + k * 8 + lane / 4;
        auto* to = reinterpret_cast<Pair*>(shared + row * Tile::kOutRowBytes + column * sizeof(T));
        *to = {{from_float<T>(relu(sums[y][x][2 * k] + b[0])), from_float<T>(relu(sums[y][x][2 * k + 1] + b[1]))}};
      }
    }
  }
  block_barrier();

  // Pooled, four rows become one; as windows are numbered like the pixels of the output, row r is its pixel
  // first_pixel / 4 + r.
  const int pooled = shape.pool ? 4 : 1;
  const int out_rows = Tile::kTileM / pooled;
  const int first_out = first_pixel / pooled;
  const int out_pixels = pixels / pooled;
  for (int at = thread; at < out_rows * Tile::kOutVectors; at += kConvThreads) {
    const int row = at / Tile::kOutVectors;
    const int vector = at % Tile::kOutVectors;
    if (first_out + row >= out_pixels) break;
    const unsigned char* from = shared + row * pooled * Tile::kOutRowBytes + vector * 16;
    Vector<T> y = *reinterpret_cast<const Vector<T>*>(from);
    for (int k = 1; k < pooled; ++k) {
      const Vector<T> other = *reinterpret_cast<const Vector<T>*>(from + k * Tile::kOutRowBytes);
      VGG16_UNROLL
      for (int i = 0; i < Vector<T>::kCount; ++i)
        y.v[i] = from_float<T>(max_or_nan(to_float(y.v[i]), to_float(other.v[i])));
    }
    const int64_t to = int64_t{first_out + row} * shape.oc + first_channel + vector * Vector<T>::kCount;
    *reinterpret_cast<Vector<T>*>(out + to) = y;
  }
}

}  // namespace vgg16
