#include "kernels/preprocess.h"

#include <gtest/gtest.h>

#include "kernels/reference.h"
#include "support/random.h"
#ifdef VGG16_WITH_CUDA
#include "support/cuda_op_test.h"
#endif

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

#ifdef VGG16_WITH_CUDA
class PreprocessCudaTest : public CudaOpTest {};

TEST_P(PreprocessCudaTest, MatchesTheReferenceAndAddsChannelsOfZeros) {
  for (const Shape4 shape : {Shape4{1, 2, 2, 4},
                             {1, 2, 2, 8},
                             {3, 1, 4, 8},
                             {1, 4, 257, 4},
                             {0, 4, 4, 8},
                             {2, 224, 224, 4},
                             {1, 224, 224, 8}}) {
    SCOPED_TRACE(text(shape));
    const int64_t pixels = int64_t{shape.n} * shape.h * shape.w;
    const auto pictures = random_bytes(3 * pixels, 1);
    const auto normalised = rounded(preprocess_reference(pictures.data(), pixels), type());
    std::vector<float> expected;
    for (size_t i = 0; i < normalised.size(); ++i) {
      expected.push_back(normalised[i]);
      if (i % 3 == 2) expected.insert(expected.end(), static_cast<size_t>(shape.c - 3), 0.0F);
    }
    const DeviceBuffer in = on_device(pictures);
    DeviceOutput out(shape, type());
    preprocess_cuda(in.data<uint8_t>(), out.view(), stream());
    expect_equal(values(out), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, PreprocessCudaTest, kElementTypes, type_name);

TEST(PreprocessTest, CudaRefusesWhatDoesNotFit) {
  expect_refused("4 or 8 channels", [] { preprocess_cuda(nullptr, some_out({1, 224, 224, 3}), nullptr); });
  expect_refused("multiple of 4", [] { preprocess_cuda(nullptr, some_out({1, 3, 3, 8}), nullptr); });
  expect_refused("aligned to 4", [] {
    preprocess_cuda(static_cast<const uint8_t*>(kSomewhere) + 1, some_out({1, 2, 2, 8}), nullptr);
  });
}

TEST(PreprocessTest, CudaIsNotAskedForAnEmptyBatch) { preprocess_cuda(nullptr, some_out({0, 224, 224, 8}), nullptr); }
#endif

}  // namespace
}  // namespace vgg16
