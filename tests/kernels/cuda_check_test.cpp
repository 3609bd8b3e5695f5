// What the launchers of CUDA kernels refuse, which needs no device, and the errors for a missing or failing device.
#include "kernels/cuda_check.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/bias_relu.h"
#include "kernels/conv3x3_filter.h"
#include "kernels/convert.h"
#include "kernels/cuda_error.h"
#include "kernels/cuda_memory.h"
#include "kernels/global_pool.h"
#include "kernels/maxpool.h"
#include "kernels/preprocess.h"
#include "lab/conv3x3_mma.h"
#include "support/cuda_device.h"
#include "support/expect_error.h"

namespace vgg16 {
namespace {

// An address that is aligned, never read.
void* const kSomewhere = reinterpret_cast<void*>(0x10000);
const auto* const kBias = static_cast<const float*>(kSomewhere);

DeviceIn in(Shape4 shape, ElementType type = ElementType::kF16, int offset = 0) {
  return {static_cast<const char*>(kSomewhere) + offset, shape, type};
}
DeviceOut out(Shape4 shape, ElementType type = ElementType::kF16) { return {kSomewhere, shape, type}; }

TEST(CudaCheckTest, QuotesTheCallAndItsPlaceAndTellsStickyFromOther) {
  try {
    VGG16_CUDA_CHECK(cudaErrorIllegalAddress);
    FAIL();
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_TRUE(error.sticky());
    EXPECT_EQ(error.status(), cudaErrorIllegalAddress);
    EXPECT_THAT(error.what(), testing::StartsWith("cudaErrorIllegalAddress at cuda_check_test.cpp:"));
    EXPECT_THAT(error.what(), testing::HasSubstr("start it again"));
  }
  try {
    VGG16_CUDA_CHECK(cudaErrorMemoryAllocation);
    FAIL();
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMemory);
    EXPECT_FALSE(error.sticky());
    EXPECT_THAT(error.what(), testing::HasSubstr("smaller batch"));
  }
  EXPECT_NO_THROW(VGG16_CUDA_CHECK(cudaSuccess));
}

TEST(CudaCheckTest, SaysWhatIsMissingWhereThereIsNoDevice) {
  if (no_device_reason().empty()) GTEST_SKIP() << "there is a CUDA device here";
  expect_error(ErrorCode::kDevice, "NVIDIA", [] { DeviceBuffer buffer(16); });
}

TEST(CudaCheckTest, LaunchersRefuseShapesThatDoNotFit) {
  const auto refused = [](const std::string& part, const std::function<void()>& call) {
    expect_error(ErrorCode::kShape, part, call);
  };
  refused("4 or 8 channels", [] { preprocess_cuda(nullptr, out({1, 224, 224, 3}), nullptr); });
  refused("multiple of 4", [] { preprocess_cuda(nullptr, out({1, 3, 3, 8}), nullptr); });
  refused("aligned to 4", [] {
    preprocess_cuda(static_cast<const uint8_t*>(kSomewhere) + 1, out({1, 2, 2, 8}), nullptr);
  });
  refused("multiple of 8", [] { bias_relu_cuda(in({1, 1, 1, 4}), kBias, out({1, 1, 1, 4}), nullptr); });
  refused("aligned to 16", [] {
    bias_relu_cuda(in({1, 1, 1, 8}, ElementType::kF16, 2), kBias, out({1, 1, 1, 8}), nullptr);
  });
  refused("one shape", [] { bias_relu_cuda(in({1, 1, 2, 8}), kBias, out({1, 2, 1, 8}), nullptr); });
  refused("one shape and type", [] {
    bias_relu_cuda(in({1, 1, 2, 8}), kBias, out({1, 1, 2, 8}, ElementType::kBf16), nullptr);
  });
  refused("smaller batch", [] {
    bias_relu_cuda(in({100000, 224, 224, 64}), kBias, out({100000, 224, 224, 64}), nullptr);
  });
  refused("negative", [] { bias_relu_cuda(in({-1, 1, 2, 8}), kBias, out({-1, 1, 2, 8}), nullptr); });
  refused("even", [] { maxpool2x2_cuda(in({1, 3, 2, 8}), out({1, 1, 1, 8}), nullptr); });
  refused("h/2", [] { maxpool2x2_cuda(in({1, 4, 4, 8}), out({1, 2, 1, 8}), nullptr); });
  refused("no bias", [] { bias_relu_maxpool2x2_cuda(in({1, 2, 2, 8}), nullptr, out({1, 1, 1, 8}), nullptr); });
  refused("must be float32", [] { convert_cuda(in({1, 1, 1, 8}), out({1, 1, 1, 8}, ElementType::kBf16), nullptr); });
  refused("float32", [] { global_avg_pool_cuda(in({1, 2, 2, 8}), out({1, 1, 1, 8}), nullptr); });
  refused("no positions", [] {
    global_max_pool_cuda(in({1, 0, 2, 8}), out({1, 1, 1, 8}, ElementType::kF32), nullptr);
  });
  const auto convolve = [](Shape4 x, Shape4 y, Epilogue epilogue) {
    return [=] { conv3x3_bias_relu_cuda(in(x), kSomewhere, kBias, epilogue, out(y), nullptr); };
  };
  refused("128 bytes", convolve({1, 4, 4, 32}, {1, 4, 4, 64}, Epilogue::kRelu));
  refused("multiple of 64", convolve({1, 4, 4, 64}, {1, 4, 4, 32}, Epilogue::kRelu));
  refused("even", convolve({1, 3, 4, 64}, {1, 1, 2, 64}, Epilogue::kReluMaxPool2x2));
  refused("where pooled", convolve({1, 4, 4, 64}, {1, 4, 4, 64}, Epilogue::kReluMaxPool2x2));
}

// An empty batch returns before any CUDA call, so the test passes without a driver.
TEST(CudaCheckTest, AnEmptyBatchLaunchesNothing) {
  preprocess_cuda(nullptr, out({0, 224, 224, 8}), nullptr);
  bias_relu_cuda(in({0, 4, 4, 8}), kBias, out({0, 4, 4, 8}), nullptr);
  maxpool2x2_cuda(in({0, 4, 4, 8}), out({0, 2, 2, 8}), nullptr);
  convert_cuda(in({0, 4, 4, 8}), out({0, 4, 4, 8}, ElementType::kF32), nullptr);
  global_avg_pool_cuda(in({0, 4, 4, 8}), out({0, 1, 1, 8}, ElementType::kF32), nullptr);
  conv3x3_bias_relu_cuda(in({0, 4, 4, 64}), kSomewhere, kBias, Epilogue::kRelu, out({0, 4, 4, 64}), nullptr);
}

TEST(PackKernelTest, PutsOutputChannelsFirstPadsAndRounds) {
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
