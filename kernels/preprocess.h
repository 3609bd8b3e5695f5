// From RGB bytes to the network's input: y[i,j,k] = x[i,j,2-k] - kMeanBgr[k], blue first, not scaled.
#pragma once

#include <cstdint>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// Rows [y_begin, y_end) of one picture, uint8 (224, 224, 3), into the inside of `out`, float32 (226, 226, 3). The
/// border of `out` is the padding of the first convolution and is not written: the caller zeroes it once. It is zero
/// after the mean is subtracted, as in the network's training, so zero here means the mean colour and not black.
/// Several threads may fill different rows. Throws nothing.
void preprocess_cpu(const uint8_t* picture, int y_begin, int y_end, float* out);

/// The same for pictures in device memory, uint8 (n, h, w, 3), aligned to 4 bytes, into `out` (n, h, w, c), c = 4 or 8,
/// without a border: computed in float32, rounded once to out.type; channels 3 to c - 1 are zeros, which fill the
/// pixel up to the size that the convolution requires. n * h * w must be a multiple of 4. Asynchronous on `stream`.
/// Throws Error{kShape}; Error{kDevice} if the launch is refused.
void preprocess_cuda(const uint8_t* pictures, DeviceOut out, CudaStream stream);

}  // namespace vgg16
