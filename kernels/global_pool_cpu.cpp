#include "kernels/global_pool.h"

namespace vgg16 {
namespace {

// Folds the positions of one block of channels into `folded`, which holds those of the first position.
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
  // A NaN on either side stays: a comparison with one is false.
  fold_positions(in, block, maxima, [](float a, float b) { return a > b || a != a ? a : b; });
  for (int c = 0; c < kBlock; ++c) y[c] = maxima[c];
}

}  // namespace vgg16
