// The CUDA engine on a real GPU, against the CPU engine and against itself. Skipped where there is none.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "backend/cuda_backend.h"
#include "backend/make_backend.h"
#include "support/golden.h"
#include "support/random.h"
#include "support/source_dir.h"
#include "vgg16/error.h"
#include "vgg16/image.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr size_t kLast = 17;

std::shared_ptr<const Weights> weights() {
  static const auto only = Weights::load(source_dir() / "weights" / "vgg16-f16.safetensors");
  return only;
}

std::vector<float> forward(Backend& backend, const uint8_t* pixels, int n, size_t layer = kLast) {
  std::vector<float> rows(static_cast<size_t>(output_shape(layer, n).count()));
  backend.forward({pixels, n}, {layer}, {rows.data(), output_shape(layer, n)});
  return rows;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return ab / std::sqrt(aa * bb);
}

class CudaGpuTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      device_ = cuda_devices()[0];
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  [[nodiscard]] std::unique_ptr<CudaBackend> engine(CudaPrecision precision, int max_batch) const {
    return std::make_unique<CudaBackend>(prepare_cuda_network(*weights(), device_, precision, kLast), Stop{kLast},
                                         max_batch, std::function<void(const std::string&)>());
  }
  CudaDevice device_;
};

struct Agreement {
  const char* precision;
  CudaPrecision value;
  double least_cosine;
};
class CudaPrecisionTest : public CudaGpuTest, public testing::WithParamInterface<Agreement> {};

TEST_P(CudaPrecisionTest, EveryLayerAgreesWithTheFloat32CpuEngine) {
  const auto cpu = make_backend(*weights(), {.device = "cpu", .max_batch = 1});
  const auto cuda = engine(GetParam().value, 1);
  const auto golden = nlohmann::json::parse(std::ifstream(source_dir() / "tests" / "golden" / "golden.json"));
  double least = 1;
  for (const auto& picture : golden["pictures"]) {
    const auto pixels = golden_picture(picture["name"].get<std::string>());
    for (size_t layer = 0; layer <= kLast; ++layer) {
      const auto expected = forward(*cpu, pixels.data(), 1, layer);
      const auto got = forward(*cuda, pixels.data(), 1, layer);
      const double agreement = cosine(got, expected);
      EXPECT_GE(agreement, GetParam().least_cosine) << picture["name"] << " " << kVgg16[layer].name;
      least = std::min(least, agreement);
    }
  }
  RecordProperty("least_cosine", std::to_string(least));
}

// Photographs are in the folder that VGG16_PICTURES names, where it is set. What is found is printed, for the results.
TEST_P(CudaPrecisionTest, PhotographsAgreeWithTheFloat32CpuEngine) {
  const char* folder = std::getenv("VGG16_PICTURES");
  if (folder == nullptr) GTEST_SKIP() << "VGG16_PICTURES is not set";
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  const auto cpu = make_backend(*weights(), {.device = "cpu", .max_batch = 1});
  const auto cuda = engine(GetParam().value, 1);
  std::vector<double> distances;
  std::vector<double> errors;  // relative L2
  for (const auto& path : paths) {
    const Result<Image> image = load_image(path);
    ASSERT_TRUE(image.ok()) << path << ": " << image.reason();
    std::vector<uint8_t> pixels(static_cast<size_t>(kPictureBytes));
    resize_nearest(image.value(), kInputSide, pixels.data());
    const auto expected = forward(*cpu, pixels.data(), 1);
    const auto got = forward(*cuda, pixels.data(), 1);
    distances.push_back(1 - cosine(got, expected));
    EXPECT_LE(distances.back(), 1 - GetParam().least_cosine) << path;
    double square = 0;
    double size = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      square += std::pow(static_cast<double>(got[i]) - static_cast<double>(expected[i]), 2);
      size += std::pow(static_cast<double>(expected[i]), 2);
    }
    errors.push_back(std::sqrt(square / size));
  }
  ASSERT_FALSE(paths.empty()) << folder;
  std::sort(errors.begin(), errors.end());
  std::printf(
      "agreement of %s on %zu photographs: 1 - cosine at most %.1e; relative L2 %.1e in the median, at most %.1e\n",
      GetParam().precision, paths.size(), *std::max_element(distances.begin(), distances.end()),
      errors[errors.size() / 2], errors.back());
}

TEST_P(CudaPrecisionTest, UsesTensorCoresOnlyWhereItMay) {
  const auto cuda = engine(GetParam().value, 1);
  EXPECT_EQ(cuda->on_device().is_reduced_precision(), GetParam().value != CudaPrecision::kF32);
}

// A row depends on the picture and the batch size alone: not on its position in the batch, the other pictures, how
// often the graph ran, or other engines.
TEST_P(CudaPrecisionTest, ARowIsTheSameBitsForAnyCompanyAndPlace) {
  constexpr int kBatch = 8;
  const auto pixels = random_bytes(kBatch * kPictureBytes, 3);
  const auto cuda = engine(GetParam().value, kBatch);
  const auto all = forward(*cuda, pixels.data(), kBatch);
  std::string engines;
  for (const CudnnEngine& used : cuda->on_device().engines()) engines += "\n  " + describe(used);
  EXPECT_EQ(forward(*cuda, pixels.data(), kBatch), all) << "the graph's second run";
  for (int first = 0; first < kBatch; ++first) {
    for (const int n : {1, kBatch - first}) {
      const auto part = forward(*cuda, pixels.data() + first * kPictureBytes, n);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + int64_t{first} * 25088))
          << first << " " << n << "; an engine that shares out its work by place is not to be used:" << engines;
    }
  }
}

TEST_P(CudaPrecisionTest, TwoEnginesOnTwoThreadsGiveTheSameBits) {
  constexpr int kBatch = 4;
  const auto pixels = random_bytes(kBatch * kPictureBytes, 5);
  const auto one = engine(GetParam().value, kBatch);
  const auto two = one->another();
  ASSERT_NE(two, nullptr);
  const auto expected = forward(*one, pixels.data(), kBatch);
  const auto repeat = [&](Backend& backend, int& wrong) {
    for (int i = 0; i < 20; ++i) wrong += forward(backend, pixels.data(), kBatch) != expected ? 1 : 0;
  };
  int wrong_one = 0;
  int wrong_two = 0;
  std::thread beside([&] { repeat(*two, wrong_two); });
  repeat(*one, wrong_one);
  beside.join();
  EXPECT_EQ(wrong_one, 0);
  EXPECT_EQ(wrong_two, 0);
}

TEST_P(CudaPrecisionTest, LayersByThemselvesAreThoseOfTheGraph) {
  const auto pixels = random_bytes(2 * kPictureBytes, 7);
  const auto whole = engine(GetParam().value, 2);
  CudaBackend part(prepare_cuda_network(*weights(), device_, GetParam().value, 13), {13}, 2, {});
  // block4_pool: where the second engine's graph ends, and on the way of the first one's.
  EXPECT_EQ(forward(*whole, pixels.data(), 2, 13), forward(part, pixels.data(), 2, 13));
}

// Bounds: rounding of operands to 24, 11, 11 and 8 bits over 13 layers.
INSTANTIATE_TEST_SUITE_P(Precisions, CudaPrecisionTest,
                         testing::Values(Agreement{"f32", CudaPrecision::kF32, 0.9999999},
                                         Agreement{"tf32", CudaPrecision::kTf32, 0.99999},
                                         Agreement{"f16", CudaPrecision::kF16, 0.99999},
                                         Agreement{"bf16", CudaPrecision::kBf16, 0.9999}),
                         [](const auto& param) { return std::string(param.param.precision); });

TEST_F(CudaGpuTest, TheBackendThatRunsIsTheOneAskedFor) {
  const auto backend = make_backend(*weights(), {.device = "cuda", .precision = "f16", .max_batch = 1});
  EXPECT_EQ(backend->name(), "cuda");
  EXPECT_TRUE(backend->instruction_set().starts_with("sm_" + std::to_string(device_.architecture)));
}

}  // namespace
}  // namespace vgg16
