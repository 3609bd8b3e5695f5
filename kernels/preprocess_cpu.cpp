#include "kernels/preprocess.h"

#include "vgg16/preprocess.h"

namespace vgg16 {

// Reads RGB bytes and writes BGR: channel k of the output is channel 2 - k of the input.
void preprocess_cpu(const uint8_t* picture, int y_begin, int y_end, float* out) {
  constexpr int kPadded = kInputSide + 2;
  picture += y_begin * kInputSide * 3;
  for (int y = y_begin; y < y_end; ++y) {
    float* row = out + ((y + 1) * kPadded + 1) * 3;
    for (int x = 0; x < kInputSide; ++x, picture += 3, row += 3) {
      row[0] = static_cast<float>(picture[2]) - kMeanBgr[0];
      row[1] = static_cast<float>(picture[1]) - kMeanBgr[1];
      row[2] = static_cast<float>(picture[0]) - kMeanBgr[2];
    }
  }
}

}  // namespace vgg16
