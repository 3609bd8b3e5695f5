// Contract in conv3x3_mma.h, how it works in conv3x3_mma.cuh. Bound by the tensor cores' mma.sync for large batches, by
// the number of blocks at batch 1.
#include <limits>

#include "kernels/launch.cuh"
#include "lab/conv3x3_mma.cuh"
#include "lab/conv3x3_mma.h"

namespace vgg16 {
namespace {

template <class T, class Tile>
__global__ void __launch_bounds__(kConvThreads)
    conv3x3_kernel(MmaShape shape, const T* __restrict__ in, const T* __restrict__ kernel,
                   const float* __restrict__ bias, T* __restrict__ out) {
  conv3x3_block<T, Tile>(shape, in, kernel, bias, out);
}

template <class Tile>
int64_t blocks_of(const MmaShape& shape) {
  const int64_t pixels = int64_t{shape.n} * shape.h * shape.w;
  return (pixels + Tile::kTileM - 1) / Tile::kTileM * (shape.oc / Tile::kTileN);
}

template <class T, class Tile>
void launch_tiles(const MmaShape& shape, const void* in, const void* kernel, const float* bias, void* out,
                  CudaStream stream) {
  const Grid grid = {static_cast<uint32_t>(blocks_of<Tile>(shape)), kConvThreads, Tile::kSharedBytes};
  launch("conv3x3_bias_relu_cuda", conv3x3_kernel<T, Tile>, grid, stream, shape, static_cast<const T*>(in),
         static_cast<const T*>(kernel), bias, static_cast<T*>(out));
}

// The larger the tile, the fewer bytes are read from the caches per product, and the fewer blocks there are. The
// largest tile is chosen whose blocks occupy enough multiprocessors: two thirds or two fifths of them, fractions
// derived from the bytes and products of the network's layers, not measured. All tiles sum in the same order, so the
// choice affects only the time.
template <class T>
void launch_fitting(const MmaShape& shape, const void* in, const void* kernel, const float* bias, void* out,
                    CudaStream stream) {
  using Large = ConvTile<T, 64, 64>;
  using Medium = ConvTile<T, 64, 32>;
  using Small = ConvTile<T, 32, 32>;
  int device = 0;
  int processors = 0;
  VGG16_CUDA_CHECK(cudaGetDevice(&device));
  VGG16_CUDA_CHECK(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device));
  if (shape.oc % Large::kTileN == 0 && 3 * blocks_of<Large>(shape) >= int64_t{2} * processors)
    launch_tiles<T, Large>(shape, in, kernel, bias, out, stream);
  else if (5 * blocks_of<Medium>(shape) >= int64_t{2} * processors)
    launch_tiles<T, Medium>(shape, in, kernel, bias, out, stream);
  else
    launch_tiles<T, Small>(shape, in, kernel, bias, out, stream);
}

}  // namespace

void conv3x3_bias_relu_cuda(DeviceIn in, const void* kernel, const float* bias, Epilogue epilogue, DeviceOut out,
                            CudaStream stream) {
  require_vectors("conv3x3_bias_relu_cuda", in);
  require_vectors("conv3x3_bias_relu_cuda", out);
  const Shape4 x = in.shape;
  const Shape4 y = out.shape;
  const bool pool = epilogue == Epilogue::kReluMaxPool2x2;
  require_shape(in.type == out.type, "conv3x3_bias_relu_cuda: in and out must have one type");
  require_shape(x.c > 0 && x.c % (kRowBytes / element_bytes(in.type)) == 0,
                "conv3x3_bias_relu_cuda: input channels must be a multiple of 128 bytes");
  require_shape(y.c > 0 && y.c % 64 == 0, "conv3x3_bias_relu_cuda: output channels must be a multiple of 64");
  require_shape(!pool || (x.h % 2 == 0 && x.w % 2 == 0), "conv3x3_bias_relu_cuda: h and w must be even to be pooled");
  require_shape(y == (pool ? Shape4{x.n, x.h / 2, x.w / 2, y.c} : Shape4{x.n, x.h, x.w, y.c}),
                "conv3x3_bias_relu_cuda: out must be (n, h, w, oc), or (n, h/2, w/2, oc) where pooled");
  require_shape(int64_t{x.n} * x.h * x.w <= std::numeric_limits<int>::max() / 2,
                "conv3x3_bias_relu_cuda: too many pixels for one launch; use a smaller batch");
  require_shape(reinterpret_cast<uintptr_t>(kernel) % 16 == 0 && reinterpret_cast<uintptr_t>(bias) % 16 == 0,
                "conv3x3_bias_relu_cuda: kernel or bias is not aligned to 16 bytes");
  if (y.count() == 0) return;
  const MmaShape shape = {x.n, x.h, x.w, x.c, y.c, pool};
  with_type(in.type,
            [&](auto element) { launch_fitting<decltype(element)>(shape, in.data, kernel, bias, out.data, stream); });
}

}  // namespace vgg16
