// Adaptive pooling: the positions of a layer's output are divided into windows, and each window becomes one position.
// With a single window, of all positions, it is called global pooling.
#pragma once

#include "kernels/device_tensor.h"
#include "kernels/plane.h"

namespace vgg16 {

/// Positions [first, first + size) along one side of a layer's output.
struct PoolWindow {
  int first = 0;
  int size = 0;
};

/// Window `i` of `count` along a side of n positions, 0 <= i < count <= n: floor(i * n / count) up to and without
/// ceil((i + 1) * n / count). Neighbouring windows share a position if count does not divide n: of 7 positions two
/// windows have 0 to 3 and 3 to 6. Source: the behaviour of PyTorch's torch.nn.AdaptiveAvgPool2d.
constexpr PoolWindow pool_window(int i, int count, int n) {
  const int first = i * n / count;
  return {first, ((i + 1) * n + count - 1) / count - first};
}

/// y[c] = mean, or maximum, over the positions of `in` in one window of rows and of columns, neither empty, for the
/// kBlock channels of block `block`, 0 <= block < in.channels / kBlock. `y` has room for kBlock numbers. The mean is
/// summed in double over the positions in row-major order and rounded once, so it does not depend on the instruction
/// set. NaN stays NaN. Runs on the calling thread; throws nothing.
void adaptive_avg_pool_cpu(const Plane& in, int block, PoolWindow rows, PoolWindow columns, float* y);
void adaptive_max_pool_cpu(const Plane& in, int block, PoolWindow rows, PoolWindow columns, float* y);

/// y[n,i,j,c] = mean, or maximum, of x[n,k,l,c] over rows k in window i of out.h and columns l in window j of out.w.
/// `in` (n, h, w, c), c numbers a multiple of 16 bytes; `out` (n, 1, 1, c) or (n, 2, 2, c) float32, neither side longer
/// than that of `in`; not overlapping. Sums are float32: 32 partial sums, of which sum r takes positions r, r + 32, ...
/// of the window, are then added in order. That order depends on h and w alone, so the row of a picture does not depend
/// on its batch. NaN stays NaN. Asynchronous on `stream`. Throws Error{kShape}; Error{kDevice} if the launch is
/// refused.
void adaptive_avg_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);
void adaptive_max_pool_cuda(DeviceIn in, DeviceOut out, CudaStream stream);

}  // namespace vgg16
