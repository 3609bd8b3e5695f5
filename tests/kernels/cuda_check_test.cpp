// How a missing or failing device is told.
#include "kernels/cuda_check.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/cuda_error.h"
#include "kernels/cuda_memory.h"
#include "support/cuda_device.h"
#include "support/expect_error.h"

namespace vgg16 {
namespace {

TEST(CudaCheckTest, QuotesTheCallAndItsPlaceInTheDetailAndTellsStickyFromOther) {
  try {
    VGG16_CUDA_CHECK(cudaErrorIllegalAddress);
    FAIL();
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_TRUE(error.sticky());
    EXPECT_EQ(error.status(), cudaErrorIllegalAddress);
    EXPECT_THAT(error.detail(), testing::StartsWith("cudaErrorIllegalAddress at cuda_check_test.cpp:"));
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::StartsWith("CUDA: "), testing::HasSubstr("start the program again"),
                               testing::Not(testing::HasSubstr("cuda_check_test.cpp"))));
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

}  // namespace
}  // namespace vgg16
