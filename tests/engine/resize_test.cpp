#include "image/resize.h"

#include <cstring>

#include <gtest/gtest.h>

#include "support/pictures.h"
#include "vgg16/image.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

TEST(NearestIndices, ArePillowsForEverySideTo4000) {
  uint32_t crc = 0;
  for (int side = 1; side <= 4000; ++side) {
    const std::vector<int> indices = nearest_indices(side, kInputSide);
    ASSERT_EQ(indices.size(), 224U);
    crc = static_cast<uint32_t>(
        crc32_z(crc, reinterpret_cast<const unsigned char*>(indices.data()), indices.size() * sizeof(int)));
  }
  EXPECT_EQ(crc, 0x5e91a3fbU) << "of what Pillow 13.0.0 gives: tests/python/make_pictures.py indices";
}

TEST(NearestIndices, StayInsideAndNeverStepBack) {
  for (int in = 1; in <= kMaxPictureSide; in += 37) {
    const std::vector<int> indices = nearest_indices(in, kInputSide);
    EXPECT_GE(indices.front(), 0);
    EXPECT_LT(indices.back(), in);
    for (size_t i = 1; i < indices.size(); ++i) EXPECT_LE(indices[i - 1], indices[i]);
  }
}

TEST(NearestIndices, AreASumAndNotAProduct) {
  // The sums of rounded steps land elsewhere than the closed formula at some sides: the table must keep them.
  int differing_sides = 0;
  for (int in = 1; in <= 4000; ++in) {
    const std::vector<int> indices = nearest_indices(in, kInputSide);
    const double step = in / 224.0;
    for (int i = 0; i < kInputSide; ++i) {
      if (indices[static_cast<size_t>(i)] == static_cast<int>((i + 0.5) * step)) continue;
      ++differing_sides;
      break;
    }
  }
  EXPECT_GT(differing_sides, 0);
}

TEST(ResizeNearest, PicksPixelsByRowAndColumn) {
  Image image{2, 3, std::vector<uint8_t>(18)};
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i);
  std::vector<uint8_t> out(4 * 4 * 3 + 1, 0xEE);
  resize_nearest(image, 4, out.data());
  const int columns[] = {0, 1, 1, 2};
  const int rows[] = {0, 0, 1, 1};
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) {
      for (int c = 0; c < 3; ++c)
        EXPECT_EQ(out[static_cast<size_t>((y * 4 + x) * 3 + c)], (rows[y] * 3 + columns[x]) * 3 + c);
    }
  }
  EXPECT_EQ(out.back(), 0xEE) << "wrote behind the end";
}

TEST(ResizeNearest, CopiesAPictureOfTheRightSize) {
  Image image{224, 224, std::vector<uint8_t>(224 * 224 * 3)};
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 7);
  std::vector<uint8_t> out(image.pixels.size());
  resize_nearest(image, 224, out.data());
  EXPECT_EQ(out, image.pixels);
}

}  // namespace
}  // namespace vgg16
