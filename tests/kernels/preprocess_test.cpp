#include "kernels/preprocess.h"

#include <gtest/gtest.h>

#include "kernels/reference.h"
#include "support/random.h"

namespace vgg16 {
namespace {

TEST(PreprocessTest, MatchesTheReferenceAndLeavesTheBorder) {
  const auto picture = random_bytes(int64_t{224} * 224 * 3, 3);
  std::vector<float> out(size_t{226} * 226 * 3, -777.0F);
  preprocess_cpu(picture.data(), 0, 224, out.data());
  const auto expected = preprocess_reference(picture.data());
  for (int y = 0; y < 226; ++y) {
    for (int x = 0; x < 226; ++x) {
      const bool border = y == 0 || y == 225 || x == 0 || x == 225;
      for (int c = 0; c < 3; ++c) {
        const auto value = static_cast<double>(out[static_cast<size_t>((y * 226 + x) * 3 + c)]);
        const double wanted = border ? -777.0 : expected[static_cast<size_t>(((y - 1) * 224 + x - 1) * 3 + c)];
        ASSERT_EQ(value, wanted) << y << " " << x << " " << c;
      }
    }
  }
}

TEST(PreprocessTest, IsBlueFirstMinusTheMean) {
  std::vector<uint8_t> picture(size_t{224} * 224 * 3);
  picture[0] = 10, picture[1] = 20, picture[2] = 30;  // red, green, blue
  std::vector<float> out(size_t{226} * 226 * 3);
  preprocess_cpu(picture.data(), 0, 224, out.data());
  const float* first = out.data() + (226 + 1) * 3;
  EXPECT_EQ(first[0], 30.0F - 103.939F);
  EXPECT_EQ(first[1], 20.0F - 116.779F);
  EXPECT_EQ(first[2], 10.0F - 123.68F);
}

}  // namespace
}  // namespace vgg16
