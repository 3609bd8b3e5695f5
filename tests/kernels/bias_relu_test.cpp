#include "kernels/bias_relu.h"

#include <vector>

#include "kernels/reference.h"
#include "support/cuda_op_test.h"

namespace vgg16 {
namespace {

class BiasReluCudaTest : public CudaOpTest {};

TEST_P(BiasReluCudaTest, MatchesTheReferenceAlsoInPlaceAndKeepsNan) {
  for (const Shape4 shape :
       {Shape4{1, 1, 1, 8}, {3, 5, 7, 24}, {1, 1, 257, 8}, {2, 14, 14, 512}, {0, 4, 4, 8}, {1, 3, 3, 40}}) {
    SCOPED_TRACE(text(shape));
    auto x = random_of(type(), shape.count(), 2, -4, 4);
    const auto bias = random_floats(shape.c, 3);
    if (!x.empty()) x[x.size() / 2] = kNan;
    if (!x.empty()) x[0] = kInfinity;
    const auto expected = rounded(bias_relu_reference(as_double(x).data(), shape, bias.data()), type());
    const DeviceInput in(x, shape, type());
    const DeviceBuffer device_bias = on_device(bias);
    DeviceOutput out(shape, type());
    bias_relu_cuda(in.view(), device_bias.data<float>(), out.view(), stream());
    expect_equal(values(out), expected);

    DeviceOutput in_place(x, shape, type());
    bias_relu_cuda(in_place.read_view(), device_bias.data<float>(), in_place.view(), stream());
    expect_equal(values(in_place), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, BiasReluCudaTest, kElementTypes, type_name);

TEST(BiasReluTest, CudaRefusesWhatDoesNotFit) {
  const auto refused = [](const std::string& part, DeviceIn in, DeviceOut out) {
    expect_refused(part, [&] { bias_relu_cuda(in, kSomeBias, out, nullptr); });
  };
  refused("multiple of 8", some_in({1, 1, 1, 4}), some_out({1, 1, 1, 4}));
  refused("aligned to 16", some_in({1, 1, 1, 8}, ElementType::kF16, 2), some_out({1, 1, 1, 8}));
  refused("one shape", some_in({1, 1, 2, 8}), some_out({1, 2, 1, 8}));
  refused("one shape and type", some_in({1, 1, 2, 8}), some_out({1, 1, 2, 8}, ElementType::kBf16));
  refused("smaller batch", some_in({100000, 224, 224, 64}), some_out({100000, 224, 224, 64}));
  refused("negative", some_in({-1, 1, 2, 8}), some_out({-1, 1, 2, 8}));
}

TEST(BiasReluTest, CudaIsNotAskedForAnEmptyBatch) {
  bias_relu_cuda(some_in({0, 4, 4, 8}), kSomeBias, some_out({0, 4, 4, 8}), nullptr);
}

}  // namespace
}  // namespace vgg16
