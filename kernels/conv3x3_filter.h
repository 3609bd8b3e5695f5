// The filters of a 3x3 convolution in the layout and type that the GPU's convolutions read.
#pragma once

#include <cstdint>

#include "kernels/device_tensor.h"

namespace vgg16 {

/// Numbers in one packed filter: (oc, 3, 3, ic).
constexpr int64_t packed_filter_count(int ic, int oc) { return int64_t{oc} * 9 * ic; }

/// Rounding of a filter that is stored as float32: none, or to the 10 fraction bits of TF32 (to nearest, ties away from
/// zero, like the GPU's cvt.rna.tf32). Tensor cores ignore the other 13 bits, and cutting them off would be less exact.
enum class FilterRounding { kNone, kTf32 };

/// Transposes `filter` (3, 3, ic, oc), float32, to `packed` (oc, 3, 3, ic_padded) of `type`, the layout of cuDNN's NHWC
/// filters. 16-bit types are rounded to nearest even; channels from ic on are zeros. Both are row-major in host memory
/// and must not overlap; `packed` has room for packed_filter_count(ic_padded, oc) numbers. Throws nothing.
void pack_filter(const float* filter, int ic, int oc, int ic_padded, ElementType type, FilterRounding rounding,
                 void* packed);

}  // namespace vgg16
