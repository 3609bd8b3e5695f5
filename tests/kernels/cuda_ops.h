// The device's kernels as their tests call them: from host memory to host memory. Implemented twice: by the launchers
// on a device (cuda_ops_device.cpp), and on the host by the same kernels' source, run for every thread
// (cuda_ops_host.cpp). One program each is made of cuda_ops_test.cpp, so that both run the same tests.
#pragma once

#include <string>

#include "kernels/device_tensor.h"
#include "lab/conv3x3_mma.h"
#include "support/guarded.h"
#include "vgg16/layer.h"

namespace vgg16 {

/// Why nothing can be run here, or "".
[[nodiscard]] std::string reason_to_skip();
/// Whether threads are run one by one on the host, which large shapes would take too long for.
[[nodiscard]] bool emulated();

// `in` holds numbers of `type`, aligned to 16 bytes; `out` is what the operation writes.
void run_preprocess(const uint8_t* pictures, Shape4 out_shape, ElementType type, Guarded& out);
void run_bias_relu(const void* in, Shape4 shape, ElementType type, const float* bias, Guarded& out);
void run_bias_relu_in_place(Guarded& values, Shape4 shape, ElementType type, const float* bias);
void run_maxpool(const void* in, Shape4 shape, ElementType type, const float* bias_or_null, Guarded& out);
void run_convert(const void* in, Shape4 shape, ElementType type, ElementType out_type, Guarded& out);
void run_global_pool(const void* in, Shape4 shape, ElementType type, Pool pool, Guarded& out);
void run_conv3x3(const void* in, Shape4 shape, ElementType type, const void* packed, const float* bias, int oc,
                 Epilogue epilogue, Guarded& out);

}  // namespace vgg16
