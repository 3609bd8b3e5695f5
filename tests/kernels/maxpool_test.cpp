#include "kernels/maxpool.h"

#include <vector>

#include "kernels/reference.h"
#include "support/cuda_op_test.h"

namespace vgg16 {
namespace {

Shape4 halved(Shape4 shape) { return {shape.n, shape.h / 2, shape.w / 2, shape.c}; }

class MaxpoolCudaTest : public CudaOpTest {};

TEST_P(MaxpoolCudaTest, MatchesTheReferenceAloneAndWithBiasAndRelu) {
  for (const Shape4 shape : {Shape4{1, 2, 2, 8},
                             {1, 6, 10, 24},
                             {2, 14, 14, 40},
                             {3, 2, 86, 8},
                             {0, 4, 4, 8},
                             {1, 224, 224, 64},
                             {5, 14, 14, 512}}) {
    SCOPED_TRACE(text(shape));
    const auto x = random_of(type(), shape.count(), 4);
    const auto bias = random_floats(shape.c, 5);
    const auto pooled = maxpool2x2_reference(as_double(x).data(), shape);
    const DeviceInput in(x, shape, type());
    DeviceOutput out(halved(shape), type());
    maxpool2x2_cuda(in.view(), out.view(), stream());
    expect_equal(values(out), rounded(pooled, type()));

    const DeviceBuffer device_bias = on_device(bias);
    DeviceOutput fused(halved(shape), type());
    bias_relu_maxpool2x2_cuda(in.view(), device_bias.data<float>(), fused.view(), stream());
    expect_equal(values(fused), rounded(bias_relu_reference(pooled.data(), halved(shape), bias.data()), type()));
  }
}

TEST_P(MaxpoolCudaTest, KeepsNanWhereverItStandsInTheWindow) {
  const Shape4 shape = {4, 2, 2, 8};
  std::vector<float> x(static_cast<size_t>(shape.count()), 1.0F);
  for (size_t n = 0; n < 4; ++n) x[(n * 4 + n) * 8 + 3] = kNan;
  std::vector<float> expected(32, 1.0F);
  for (size_t n = 0; n < 4; ++n) expected[n * 8 + 3] = kNan;
  const DeviceInput in(x, shape, type());
  DeviceOutput out(halved(shape), type());
  maxpool2x2_cuda(in.view(), out.view(), stream());
  expect_equal(values(out), expected);
}

INSTANTIATE_TEST_SUITE_P(Types, MaxpoolCudaTest, kElementTypes, type_name);

TEST(MaxpoolTest, CudaRefusesWhatDoesNotFit) {
  expect_refused("even", [] { maxpool2x2_cuda(some_in({1, 3, 2, 8}), some_out({1, 1, 1, 8}), nullptr); });
  expect_refused("h/2", [] { maxpool2x2_cuda(some_in({1, 4, 4, 8}), some_out({1, 2, 1, 8}), nullptr); });
  expect_refused("no bias", [] {
    bias_relu_maxpool2x2_cuda(some_in({1, 2, 2, 8}), nullptr, some_out({1, 1, 1, 8}), nullptr);
  });
}

TEST(MaxpoolTest, CudaIsNotAskedForAnEmptyBatch) {
  maxpool2x2_cuda(some_in({0, 4, 4, 8}), some_out({0, 2, 2, 8}), nullptr);
}

}  // namespace
}  // namespace vgg16
