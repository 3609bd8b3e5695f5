#include "vocabulary/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace vgg16 {
namespace {

TEST(HalfTest, EveryHalfComesBackFromItsFloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    // Infinities and NaN are only converted from half to float32.
    ASSERT_EQ(float_to_half(value), (bits & 0x7C00U) == 0x7C00U ? kHalfOverflow : half) << bits;
  }
  EXPECT_TRUE(std::isinf(half_to_float(0x7C00)));
  EXPECT_TRUE(std::isnan(half_to_float(0x7E01)));
}

TEST(HalfTest, RoundsToNearestEven) {
  // Between every two neighbouring finite halves: the middle goes to the even one, anything off it to the nearer one.
  for (uint16_t low = 0; low < 0x7BFF; ++low) {
    const float a = half_to_float(low);
    const float b = half_to_float(static_cast<uint16_t>(low + 1));
    const float middle = a + (b - a) / 2;
    const auto even = static_cast<uint16_t>(low + (low & 1));
    ASSERT_EQ(float_to_half(middle), even) << low;
    ASSERT_EQ(float_to_half(std::nextafter(middle, a)), low);
    ASSERT_EQ(float_to_half(std::nextafter(middle, b)), low + 1);
    ASSERT_EQ(float_to_half(-middle), even | 0x8000);
  }
  EXPECT_EQ(float_to_half(65504), 0x7BFF);
  EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
  EXPECT_EQ(float_to_half(65520), kHalfOverflow);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::infinity()), kHalfOverflow);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::quiet_NaN()), kHalfOverflow);
  EXPECT_EQ(float_to_half(1e-30F), 0);
}

}  // namespace
}  // namespace vgg16
