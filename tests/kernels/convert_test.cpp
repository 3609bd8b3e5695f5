#include "kernels/convert.h"

#include <vector>

#include "support/cuda_op_test.h"

namespace vgg16 {
namespace {

class ConvertCudaTest : public CudaOpTest {};

TEST_P(ConvertCudaTest, RoundsToNearestEvenAndBack) {
  for (const Shape4 shape : {Shape4{1, 1, 1, 8}, {2, 3, 5, 24}, {1, 1, 257, 8}, {0, 7, 7, 512}, {3, 7, 7, 512}}) {
    SCOPED_TRACE(text(shape));
    auto x = random_floats(shape.count(), 6, -300, 300);
    const std::vector<float> special = {1 + 0x1p-11F, 1 + 0x3p-11F, 1 + 0x1p-9F, 1 + 0x3p-9F,
                                        70000,        kInfinity,    kNan,        1e-8F};
    if (!x.empty()) std::copy(special.begin(), special.end(), x.begin());
    std::vector<float> expected = x;
    for (float& value : expected) value = rounded(value, type());
    const DeviceInput in(x, shape, ElementType::kF32);
    DeviceOutput narrow(shape, type());
    convert_cuda(in.view(), narrow.view(), stream());
    expect_equal(values(narrow), expected);
    DeviceOutput wide(shape, ElementType::kF32);
    convert_cuda(narrow.read_view(), wide.view(), stream());
    expect_equal(values(wide), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ConvertCudaTest, kElementTypes, type_name);

TEST(ConvertTest, CudaRefusesTwoHalfPrecisionTypes) {
  expect_refused("must be float32", [] {
    convert_cuda(some_in({1, 1, 1, 8}), some_out({1, 1, 1, 8}, ElementType::kBf16), nullptr);
  });
}

TEST(ConvertTest, CudaIsNotAskedForAnEmptyBatch) {
  convert_cuda(some_in({0, 4, 4, 8}), some_out({0, 4, 4, 8}, ElementType::kF32), nullptr);
}

}  // namespace
}  // namespace vgg16
