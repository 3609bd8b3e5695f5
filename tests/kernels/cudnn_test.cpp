// cuDNN itself, where it is installed; no GPU is needed. What its heuristic answers for a GPU that is not there, and
// that every descriptor is one that it takes. The device's description is in cuDNN's own JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "backend/cuda_network.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cudnn_library.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

struct Gpu {
  const char* name;
  const char* properties;
};

constexpr Gpu kA100 = {
    "A100",
    R"({"deviceName":"NVIDIA A100-SXM4-80GB","deviceVer":800,"driverVer":13000,"cudaDeviceId":0,"pciDeviceId":0,
    "multiProcessorCount":108,"totalGlobalMem":85000000000,"l2CacheSize":41943040,"smClockRateKHz":1410000,
    "memClockRateKHz":1593000,"warpSize":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"maxCtasPerSM":32,
    "regsPerBlock":65536,"maxRegistersPerSM":65536,"maxSharedMemoryPerBlock":49152,
    "maxSharedMemoryPerBlockOptin":166912,"reservedSharedMemoryPerBlock":1024,"maxGridSize":[2147483647,65535,65535],
    "maxBlockSize":[1024,1024,64],"isTccDriver":0,"supportCoopLaunch":1})"};
constexpr Gpu kH200 = {
    "H200",
    R"({"deviceName":"NVIDIA H200","deviceVer":900,"driverVer":13000,"cudaDeviceId":0,"pciDeviceId":0,
    "multiProcessorCount":132,"totalGlobalMem":150000000000,"l2CacheSize":52428800,"smClockRateKHz":1980000,
    "memClockRateKHz":3201000,"warpSize":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"maxCtasPerSM":32,
    "regsPerBlock":65536,"maxRegistersPerSM":65536,"maxSharedMemoryPerBlock":49152,
    "maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,"maxGridSize":[2147483647,65535,65535],
    "maxBlockSize":[1024,1024,64],"isTccDriver":0,"supportCoopLaunch":1})"};

class CudnnTest : public testing::TestWithParam<Gpu> {
 protected:
  void SetUp() override {
    try {
      if (cudnn_library().get_version() < 90800)
        GTEST_SKIP() << "cuDNN " << cudnn_version_text() << " plans for devices that are there only";
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
};

TEST(CudnnLibraryTest, IsOpenedOrSaysWhatIsMissing) {
  try {
    EXPECT_GE(cudnn_library().get_version(), 90000U);
    EXPECT_THAT(cudnn_version_text(), testing::StartsWith("9."));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_THAT(error.what(), HasSubstr("libcudnn.so.9"));
    EXPECT_THAT(error.what(), HasSubstr("install cuDNN 9"));
  }
}

TEST(CudnnLibraryTest, AFailureTellsItsCause) {
  try {
    const Cudnn no_device("no description");
    FAIL() << "made from nonsense";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
  }
}

TEST_P(CudnnTest, EveryConvolutionHasAnEngineThatKeepsWhatItsPrecisionPromises) {
  const Cudnn cudnn{std::string(GetParam().properties)};
  for (const CudaPrecision precision :
       {CudaPrecision::kF32, CudaPrecision::kTf32, CudaPrecision::kF16, CudaPrecision::kBf16}) {
    for (const size_t layer : {0U, 1U, 7U, 14U}) {
      const CudnnConv3x3 convolution(cudnn, conv_problem(layer, 32, precision), nullptr);
      if (precision == CudaPrecision::kF32) {
        EXPECT_FALSE(convolution.is_reduced_precision()) << kVgg16[layer].name;
      } else if (layer > 0) {  // three channels give tensor cores little to do
        EXPECT_TRUE(convolution.is_reduced_precision()) << kVgg16[layer].name;
      }
      EXPECT_TRUE(convolution.has_bias_and_relu()) << kVgg16[layer].name;
      EXPECT_LE(convolution.workspace_bytes(), int64_t{4} << 30);
    }
  }
}

// What the table holds gives the same plan again.
TEST_P(CudnnTest, AnEngineCanBeAskedForByItsNumberAndKnobs) {
  const Cudnn cudnn{std::string(GetParam().properties)};
  const ConvProblem p = conv_problem(8, 32, CudaPrecision::kF16);
  const auto engines = cudnn_candidates(cudnn, p);
  ASSERT_GE(engines.size(), 2U);
  EXPECT_EQ(describe(engines[0]), describe(CudnnConv3x3(cudnn, p, nullptr).engine()));
  for (size_t i = 0; i < 2; ++i) {
    const CudnnConv3x3 again(cudnn, p, &engines[i]);
    EXPECT_EQ(describe(again.engine()), describe(engines[i]));
  }
}

TEST_P(CudnnTest, MemoryIsBoundBeforeARun) {
  const Cudnn cudnn{std::string(GetParam().properties)};
  CudnnConv3x3 convolution(cudnn, conv_problem(8, 1, CudaPrecision::kBf16), nullptr);
  alignas(16) static char memory[16];
  convolution.bind(memory, memory, memory, memory, memory);
}

INSTANTIATE_TEST_SUITE_P(Gpus, CudnnTest, testing::Values(kA100, kH200),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(CudnnTableTest, AnEntryIsForOneDeviceVersionAndShape) {
  const ConvProblem p = conv_problem(4, 32, CudaPrecision::kF16);
  const std::vector<CudnnTableEntry> table = {{90, 91900, p, {.index = 7, .knobs = {{2, 1}, {11, 4}}}}};
  ASSERT_EQ(find_engine(table, 90, 91900, p), &table[0].engine);
  EXPECT_EQ(describe(table[0].engine), "conv+bias+relu 7 (2:1 11:4)");
  EXPECT_EQ(describe(CudnnEngine{.bias_and_relu = false, .index = 3, .knobs = {}}), "conv 3");
  EXPECT_EQ(find_engine(table, 80, 91900, p), nullptr);
  EXPECT_EQ(find_engine(table, 90, 91800, p), nullptr);
  EXPECT_EQ(find_engine(table, 90, 91900, conv_problem(4, 16, CudaPrecision::kF16)), nullptr);
  EXPECT_EQ(find_engine(table, 90, 91900, conv_problem(4, 32, CudaPrecision::kBf16)), nullptr);
  EXPECT_EQ(find_engine(cudnn_table(), 0, 0, p), nullptr);
}

}  // namespace
}  // namespace vgg16
