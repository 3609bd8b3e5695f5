// A convolution on tensor cores, to be compared with cuDNN's in benchmarks: no engine uses it.
#pragma once

#include <cstdint>

#include "kernels/device_tensor.h"

namespace vgg16 {

enum class Epilogue { kRelu, kReluMaxPool2x2 };

/// y[n,i,j,o] = max(bias[o] + sum over kh, kw, c of x[n,i+kh-1,j+kw-1,c] w[o,kh,kw,c], 0), zero padding; with
/// kReluMaxPool2x2 then the maximum of 2x2 windows. `in` (n, h, w, ic), `out` (n, h, w, oc) or (n, h/2, w/2, oc), of
/// one type; products of f16, bf16 or, for float32, TF32 operands (inputs are rounded to it here); sums float32,
/// rounded once to the output's type. `kernel` as pack_filter (kernels/conv3x3_filter.h) makes it, `bias` oc float32,
/// both in device memory, aligned to 16 bytes. ic a multiple of 128 bytes (64, or 32 in float32), oc of 64; even h and
/// w where pooled. Sums run in one fixed order: a picture's numbers do not depend on its batch. Asynchronous on
/// `stream`; allocates nothing. Throws Error{kShape}; Error{kDevice} if the launch is refused. Source: Simonyan and
/// Zisserman, arXiv:1409.1556, section 2.1; implicit GEMM as in Chetlur et al., arXiv:1410.0759.
void conv3x3_bias_relu_cuda(DeviceIn in, const void* kernel, const float* bias, Epilogue epilogue, DeviceOut out,
                            CudaStream stream);

}  // namespace vgg16
