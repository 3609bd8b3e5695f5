#include "kernels/conv3x3_filter.h"

#include <gtest/gtest.h>

#include <vector>

namespace vgg16 {
namespace {

TEST(PackFilterTest, PutsOutputChannelsFirstPadsAndRounds) {
  const int ic = 3;
  const int oc = 2;
  std::vector<float> kernel;
  for (int i = 0; i < 9 * ic * oc; ++i) kernel.push_back(1 + 0x1p-11F * static_cast<float>(i));
  std::vector<float> packed(static_cast<size_t>(packed_filter_count(4, oc)), -1.0F);
  pack_filter(kernel.data(), ic, oc, 4, ElementType::kF32, FilterRounding::kNone, packed.data());
  for (int o = 0; o < oc; ++o) {
    for (int position = 0; position < 9; ++position) {
      for (int c = 0; c < 4; ++c) {
        const float expected = c < ic ? kernel[static_cast<size_t>((position * ic + c) * oc + o)] : 0.0F;
        ASSERT_EQ(packed[static_cast<size_t>((o * 9 + position) * 4 + c)], expected);
      }
    }
  }
  // TF32 keeps 10 bits of fraction; a tie goes away from zero.
  pack_filter(kernel.data(), ic, oc, 4, ElementType::kF32, FilterRounding::kTf32, packed.data());
  EXPECT_EQ(packed[0], 1.0F);
  EXPECT_EQ(packed[size_t{9} * 4], 1 + 0x1p-10F);  // of 1 + 2^-11
  EXPECT_EQ(packed[1], 1 + 0x1p-10F);              // of 1 + 2 x 2^-11
}

}  // namespace
}  // namespace vgg16
