// cuDNN itself, where it is installed; no GPU is needed. What its heuristic answers for a GPU that is not there, and
// that every descriptor is one that it takes. The device's description is in cuDNN's own JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "backend/cuda_network.h"
#include "bench/engine_lines.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cudnn_library.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

struct Gpu {
  const char* name;
  int architecture;
  int processors;
  int64_t l2_bytes;
  int64_t memory_bytes;
  int shared_bytes;
  int threads;  // of a multiprocessor
  int blocks;
};
constexpr std::array kGpus = {
    Gpu{"A100", 80, 108, 41'943'040, 85'000'000'000, 166'912, 2048, 32},
    Gpu{"H200", 90, 132, 52'428'800, 150'000'000'000, 232'448, 2048, 32},
    Gpu{"B200", 100, 148, 132'644'864, 192'000'000'000, 232'448, 2048, 32},
    Gpu{"RTX5090", 120, 170, 100'663'296, 34'000'000'000, 101'376, 1536, 24},
};

std::string properties(const Gpu& gpu) {
  const auto number = [](const char* name, int64_t value) {
    return ",\"" + std::string(name) + "\":" + std::to_string(value);
  };
  return "{\"deviceName\":\"" + std::string(gpu.name) + "\"" + number("deviceVer", int64_t{10} * gpu.architecture) +
         number("multiProcessorCount", gpu.processors) + number("l2CacheSize", gpu.l2_bytes) +
         number("totalGlobalMem", gpu.memory_bytes) + number("maxSharedMemoryPerBlockOptin", gpu.shared_bytes) +
         number("maxThreadsPerSM", gpu.threads) + number("maxCtasPerSM", gpu.blocks) +
         R"(,"driverVer":13000,"cudaDeviceId":0,"pciDeviceId":0,"smClockRateKHz":1900000,"memClockRateKHz":3000000,
            "warpSize":32,"maxThreadsPerBlock":1024,"regsPerBlock":65536,"maxRegistersPerSM":65536,
            "maxSharedMemoryPerBlock":49152,"reservedSharedMemoryPerBlock":1024,"isTccDriver":0,"supportCoopLaunch":1,
            "maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64]})";
}

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
  const Cudnn cudnn(properties(GetParam()));
  for (const CudaPrecision precision :
       {CudaPrecision::kF32, CudaPrecision::kTf32, CudaPrecision::kF16, CudaPrecision::kBf16}) {
    for (const auto& [layer, batch] : {std::pair(0U, 1), {1U, 1}, {14U, 1}, {0U, 32}, {1U, 32}, {7U, 32}, {1U, 128}}) {
      const CudnnConv3x3 convolution(cudnn, conv_problem(layer, batch, precision), nullptr);
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
  const Cudnn cudnn(properties(GetParam()));
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
  const Cudnn cudnn(properties(GetParam()));
  CudnnConv3x3 convolution(cudnn, conv_problem(8, 1, CudaPrecision::kBf16), nullptr);
  alignas(16) static char memory[16];
  convolution.bind(memory, memory, memory, memory, memory);
}

INSTANTIATE_TEST_SUITE_P(Gpus, CudnnTest, testing::ValuesIn(kGpus),
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

TEST(CudnnTableTest, EntriesOfTheCommittedTableKeepWhatIsPromised) {
  for (const CudnnTableEntry& entry : cudnn_table()) {
    EXPECT_GE(entry.architecture, 80);
    EXPECT_GE(entry.cudnn_version, 90000);
    EXPECT_EQ(find_engine(cudnn_table(), entry.architecture, entry.cudnn_version, entry.problem), &entry.engine)
        << "two entries for " << engine_line(entry);
  }
}

TEST(CudnnTableTest, LinesAreReadAsTheyWereWritten) {
  const CudnnTableEntry entry = {90,
                                 91900,
                                 conv_problem(8, 32, CudaPrecision::kTf32),
                                 {.bias_and_relu = false, .index = 41, .knobs = {{2, 5}, {12, -1}}}};
  const std::string line = engine_line(entry);
  EXPECT_EQ(line, "{90, 91900, {{32, 56, 56, 256}, 256, CudaPrecision::kTf32}, {false, 41, {{2, 5}, {12, -1}}}},");
  for (const CudaPrecision precision :
       {CudaPrecision::kF32, CudaPrecision::kTf32, CudaPrecision::kF16, CudaPrecision::kBf16}) {
    CudnnTableEntry other = entry;
    other.problem.precision = precision;
    other.engine.knobs.clear();
    const auto read = parse_engine_line(engine_line(other) + "  // 0.1000 ms, not 0.2000");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(engine_line(*read), engine_line(other));
  }
  const auto read = parse_engine_line(line);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(engine_line(*read), line);
  for (size_t size = 0; size + 1 < line.size(); ++size) EXPECT_FALSE(parse_engine_line(line.substr(0, size))) << size;
  for (const char* other : {"", "// out of time at batch 1, block1_conv1", "vgg16_propose_engines: no device"}) {
    EXPECT_FALSE(parse_engine_line(other)) << other;
  }
}

}  // namespace
}  // namespace vgg16
