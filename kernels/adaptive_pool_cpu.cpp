#include "kernels/adaptive_pool.h"

namespace vgg16 {
namespace {

// Combines the 16 channels of a block over the window's positions in row-major order. `folded` starts as the first
// position, so that a maximum needs no smallest number to start with.
template <class Number, class Fold>
void fold_positions(const Plane& in, int block, PoolWindow rows, PoolWindow columns, Number (&folded)[kBlock],
                    Fold fold) {
  const float* first = in.at(block, rows.first, columns.first);
  for (int c = 0; c < kBlock; ++c) folded[c] = first[c];
  for (int y = 0; y < rows.size; ++y) {
    for (int x = y == 0 ? 1 : 0; x < columns.size; ++x) {
      const float* at = in.at(block, rows.first + y, columns.first + x);
      for (int c = 0; c < kBlock; ++c) folded[c] = fold(folded[c], at[c]);
    }
  }
}

}  // namespace

void adaptive_avg_pool_cpu(const Plane& in, int block, PoolWindow rows, PoolWindow columns, float* y) {
  double sums[kBlock];
  fold_positions(in, block, rows, columns, sums, [](double sum, float x) { return sum + x; });
  for (int c = 0; c < kBlock; ++c) y[c] = static_cast<float>(sums[c] / (static_cast<double>(rows.size) * columns.size));
}

void adaptive_max_pool_cpu(const Plane& in, int block, PoolWindow rows, PoolWindow columns, float* y) {
  float maxima[kBlock];
  // a > b is false if either is NaN: then a is kept if it is the NaN, otherwise b, which may be one, is taken.
  fold_positions(in, block, rows, columns, maxima, [](float a, float b) { return a > b || a != a ? a : b; });
  for (int c = 0; c < kBlock; ++c) y[c] = maxima[c];
}

}  // namespace vgg16
