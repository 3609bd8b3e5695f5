// Filters of a 3x3 convolution in the order that the GPU's convolutions read them in.
#pragma once

#include <cstdint>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// Numbers in one packed filter: (oc, 3, 3, ic).
constexpr int64_t packed_filter_count(int ic, int oc) { return int64_t{oc} * 9 * ic; }

/// What is done to the numbers of a filter that stays float32: nothing, or rounding to TF32's 10 bits of fraction, to
/// nearest, ties away from zero, as the device's own conversion does.
enum class FilterRounding { kNone, kTf32 };

/// Packs a filter: `filter` (3, 3, ic, oc) float32, row-major, to `packed` (oc, 3, 3, ic_padded) of `type`, rounded to
/// nearest even, with zeros for the channels from ic on; both in host memory, not overlapping. `packed` holds
/// packed_filter_count(ic_padded, oc) numbers. It is the order of cuDNN's NHWC filters.
void pack_filter(const float* filter, int ic, int oc, int ic_padded, ElementType type, FilterRounding rounding,
                 void* packed);

}  // namespace vgg16
