#include "kernels/global_pool.h"

namespace vgg16 {
namespace {

// Combines the 16 channels of a block over all positions in row-major order. `folded` starts as position (0, 0), so
// that a maximum needs no smallest number to start with.
template <class Number, class Fold>
void fold_positions(const Plane& in, int block, Number (&folded)[kBlock], Fold fold) {
  for (int c = 0; c < kBlock; ++c) folded[c] = in.at(block, 0, 0)[c];
  for (int y = 0; y < in.h; ++y) {
    for (int x = y == 0 ? 1 : 0; x < in.w; ++x) {
      const float* at = in.at(block, y, x);
      for (int c = 0; c < kBlock; ++c) folded[c] = fold(folded[c], at[c]);
    }
  }
}

}  // namespace

void global_avg_pool_cpu(const Plane& in, int block, float* y) {
  double sums[kBlock];
  fold_positions(in, block, sums, [](double sum, float x) { return sum + x; });
  for (int c = 0; c < kBlock; ++c) y[c] = static_cast<float>(sums[c] / (static_cast<double>(in.h) * in.w));
}

void global_max_pool_cpu(const Plane& in, int block, float* y) {
  float maxima[kBlock];
  // a > b is false if either is NaN: then a is kept if it is the NaN, otherwise b, which may be one, is taken.
  fold_positions(in, block, maxima, [](float a, float b) { return a > b || a != a ? a : b; });
  for (int c = 0; c < kBlock; ++c) y[c] = maxima[c];
}

}  // namespace vgg16
