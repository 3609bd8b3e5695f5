#include "kernels/conv3x3_filter.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <bit>
#include <cstring>

namespace vgg16 {
namespace {

float rounded_to_tf32(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  // 13 of the 23 fraction bits go. 0x1000 is half of the last bit that stays; a carry into the exponent is right too.
  return std::bit_cast<float>((bits + 0x1000U) & ~0x1FFFU);
}

}  // namespace

void pack_filter(const float* filter, int ic, int oc, int ic_padded, ElementType type, FilterRounding rounding,
                 void* packed) {
  const auto row = static_cast<size_t>(9) * ic_padded;
  std::memset(packed, 0, row * oc * element_bytes(type));
  // Reads the filter in its own order; writes are scattered, but this happens once per network.
  for (int position = 0; position < 9; ++position) {
    for (int c = 0; c < ic; ++c) {
      for (int o = 0; o < oc; ++o, ++filter) {
        const size_t at = o * row + static_cast<size_t>(position) * ic_padded + c;
        if (type == ElementType::kF32)
          static_cast<float*>(packed)[at] = rounding == FilterRounding::kTf32 ? rounded_to_tf32(*filter) : *filter;
        else if (type == ElementType::kF16)
          static_cast<__half*>(packed)[at] = __float2half_rn(*filter);
        else
          static_cast<__nv_bfloat16*>(packed)[at] = __float2bfloat16_rn(*filter);
      }
    }
  }
}

}  // namespace vgg16
