// The whole network, compared with features that an independent program computed, and with itself for other batch sizes
// and numbers of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "backend/make_backend.h"
#include "kernels/conv3x3_cpu.h"
#include "network/vgg16.h"
#include "support/golden.h"
#include "support/random.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(VGG16_SOURCE_DIR) / "tests" / "golden";

std::vector<float> forward(Backend& backend, const std::vector<uint8_t>& pixels, int n, size_t layer) {
  std::vector<float> rows(static_cast<size_t>(output_shape(layer, n).count()));
  backend.forward({pixels.data(), n}, {layer}, {rows.data(), output_shape(layer, n)});
  return rows;
}

std::string set_name(const testing::TestParamInfo<CpuSet>& set) {
  return std::string(set.param.name) + "_" + std::string(set.param.precision);
}

class GoldenTest : public testing::TestWithParam<CpuSet> {};

TEST_P(GoldenTest, EveryLayerAgreesWithPyTorch) {
  const auto weights = Weights::load(std::filesystem::path(VGG16_SOURCE_DIR) / "weights" / "vgg16-f16.safetensors");
  const auto golden = nlohmann::json::parse(std::ifstream(kGolden / "golden.json"));
  ASSERT_EQ(weights->sha256(), golden["weights_sha256"].get<std::string>());
  const auto backend = make_backend(*weights, {.device = "cpu",
                                               .precision = std::string(GetParam().precision),
                                               .instruction_set = std::string(GetParam().name),
                                               .max_batch = 1});
  ASSERT_EQ(backend->instruction_set(), GetParam().name);
  const bool exact_operands = GetParam().precision == "f32";
  const double share = exact_operands ? 1e-5 : 5e-2;  // of the layer's largest value
  for (const auto& picture : golden["pictures"]) {
    const auto name = picture["name"].get<std::string>();
    const auto pixels = golden_picture(name);
    for (size_t layer = 0; layer < kVgg16.size(); ++layer) {
      const auto& expected = picture["layers"][layer];
      ASSERT_EQ(expected["name"].get<std::string>(), kVgg16[layer].name);
      const auto values = forward(*backend, pixels, 1, layer);
      const auto largest = expected["max"].get<double>();
      for (size_t i = 0; i < expected["excerpt"].size(); ++i) {
        ASSERT_NEAR(static_cast<double>(values[i * 1000003 % values.size()]), expected["excerpt"][i].get<double>(),
                    share * largest)
            << name << " " << kVgg16[layer].name << " " << i;
      }
      double sum = 0;
      for (const float value : values) sum += static_cast<double>(value);
      EXPECT_NEAR(sum, expected["sum"].get<double>(), share * expected["sum"].get<double>());
    }
    const auto row = forward(*backend, pixels, 1, 17);
    const auto exact = read_npy(kGolden / (name + ".npy"));
    const double error = relative_error(row, exact);
    EXPECT_LE(error, exact_operands ? 5e-6 : 2e-2) << name;
    RecordProperty(name + "_relative_error", std::to_string(error));
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, GoldenTest, testing::ValuesIn(runnable_cpu_sets()), set_name);

// The default set of each precision.
std::vector<CpuSet> default_sets() {
  std::vector<CpuSet> sets;
  for (const CpuSet& set : runnable_cpu_sets()) {
    if (sets.empty() || sets.back().precision != set.precision) sets.push_back(set);
  }
  return sets;
}

class DefaultSetTest : public testing::TestWithParam<CpuSet> {
 protected:
  std::string precision_{GetParam().precision};
};

TEST_P(DefaultSetTest, ARowIsTheSameBitsForAnyBatchCompanyAndThreads) {
  const auto weights = Weights::synthetic(1);
  constexpr int kPictures = 9;
  const auto pixels = random_bytes(kPictures * kPictureBytes, 2);
  const auto alone = make_backend(*weights, {.device = "cpu", .precision = precision_, .threads = 1, .max_batch = 1});
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < kPictures; ++i) {
    rows.push_back(
        forward(*alone, {pixels.begin() + i * kPictureBytes, pixels.begin() + (i + 1) * kPictureBytes}, 1, 17));
  }
  for (const int threads : {1, 2, 3}) {
    const auto backend =
        make_backend(*weights, {.device = "cpu", .precision = precision_, .threads = threads, .max_batch = kPictures});
    for (const int n : {1, 2, 3, 4, 5, 7, 9}) {
      // The batch starts at another picture each time, so that a picture's place in it changes.
      const int first = kPictures - n;
      const auto batch = forward(*backend, {pixels.begin() + first * kPictureBytes, pixels.end()}, n, 17);
      for (int i = 0; i < n; ++i) {
        const auto begin = batch.begin() + int64_t{i} * 25088;
        ASSERT_TRUE(std::equal(begin, begin + 25088, rows[static_cast<size_t>(first + i)].begin()))
            << threads << " " << n << " " << i;
      }
    }
  }
}

// Weights with one convolution's kernel multiplied by a factor and biases of -0, which must not appear in the output.
class ScaledWeights : public Weights {
 public:
  ScaledWeights(const Weights& weights, size_t conv, float factor) : weights_(weights), conv_(conv), factor_(factor) {}

  void copy_kernel(size_t conv, float* out) const override {
    weights_.copy_kernel(conv, out);
    const ConvShape shape = conv_shape(conv);
    if (conv != conv_) return;
    for (int64_t i = 0; i < int64_t{9} * shape.ic * shape.oc; ++i) out[i] *= factor_;
  }
  void copy_bias(size_t conv, float* out) const override {
    weights_.copy_bias(conv, out);
    if (conv == conv_) std::fill_n(out, conv_shape(conv).oc, -0.0F);
  }
  [[nodiscard]] WeightsType type() const override { return WeightsType::kF32; }
  [[nodiscard]] const std::string& name() const override { return weights_.name(); }
  [[nodiscard]] const std::string& sha256() const override { return weights_.sha256(); }

 private:
  const Weights& weights_;
  size_t conv_;
  float factor_;
};

class OverflowTest : public testing::TestWithParam<CpuSet> {};

TEST_P(OverflowTest, OfAnyConvolutionReachesTheRow) {
  const auto synthetic = Weights::synthetic(6);
  const auto pixels = random_bytes(kPictureBytes, 7);
  const auto row_with = [&](size_t conv, float factor) {
    const auto backend =
        make_backend(ScaledWeights(*synthetic, conv, factor), {.device = "cpu",
                                                               .precision = std::string(GetParam().precision),
                                                               .instruction_set = std::string(GetParam().name),
                                                               .max_batch = 1});
    return forward(*backend, pixels, 1, 17);
  };
  const bool is_best = GetParam().name == runnable_cpu_sets()[0].name || GetParam().name == "amx";
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    if (!is_best && conv != 0 && conv != 3 && conv != 12) continue;  // of the slower sets, one of each kind
    const auto row = row_with(conv, 1e38F);
    EXPECT_FALSE(std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); })) << conv;
  }
  for (const float value : row_with(12, 0)) ASSERT_FALSE(value != 0 || std::signbit(value)) << "-0";
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, OverflowTest, testing::ValuesIn(runnable_cpu_sets()), set_name);

TEST_P(DefaultSetTest, StopsAtAnyLayerForAnyBatch) {
  const auto weights = Weights::synthetic(3);
  const auto pixels = random_bytes(5 * kPictureBytes, 4);
  for (const size_t layer :
       {size_t{0}, size_t{1}, size_t{2}, size_t{8}, size_t{9}, size_t{10}, size_t{13}, size_t{16}}) {
    // A backend made for fewer layers gives what one made for all gives.
    const auto part =
        make_backend(*weights, {.device = "cpu", .precision = precision_, .max_batch = 5, .stop = {layer}});
    const auto all = make_backend(*weights, {.device = "cpu", .precision = precision_, .max_batch = 1});
    const auto batch = forward(*part, pixels, 5, layer);
    const auto last = forward(*all, {pixels.begin() + 4 * kPictureBytes, pixels.end()}, 1, layer);
    EXPECT_TRUE(std::equal(last.begin(), last.end(), batch.end() - static_cast<int64_t>(last.size()))) << layer;
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, DefaultSetTest, testing::ValuesIn(default_sets()), set_name);

TEST(BackendTest, RefusesWhatItCannotDo) {
  const auto weights = Weights::synthetic(5);
  const auto backend = make_backend(*weights, {.device = "cpu", .threads = 1, .max_batch = 2, .stop = {1}});
  std::vector<float> rows(1);
  const auto code = [](const auto& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kIo;
  };
  const std::vector<uint8_t> pixels(3 * kPictureBytes);
  EXPECT_EQ(code([&] {
              backend->forward({pixels.data(), 3}, {0}, {rows.data(), output_shape(0, 3)});
            }),
            ErrorCode::kShape);
  EXPECT_EQ(code([&] {
              backend->forward({pixels.data(), 0}, {0}, {rows.data(), output_shape(0, 0)});
            }),
            ErrorCode::kShape);
  EXPECT_EQ(code([&] {
              backend->forward({pixels.data(), 1}, {2}, {rows.data(), output_shape(2, 1)});
            }),
            ErrorCode::kShape);
  EXPECT_EQ(code([&] {
              backend->forward({pixels.data(), 1}, {1}, {rows.data(), output_shape(0, 2)});
            }),
            ErrorCode::kShape);
  EXPECT_EQ(code([&] { static_cast<void>(make_backend(*weights, {.device = "tpu"})); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([&] { static_cast<void>(make_backend(*weights, {.device = "cpu", .threads = 1, .max_batch = 0})); }),
            ErrorCode::kInvalidArgument);
}

TEST(BackendTest, BuildInfoNamesTheInstructionSetInUse) {
  const auto backend =
      make_backend(*Weights::synthetic(1), {.device = "cpu", .threads = 1, .max_batch = 1, .stop = {0}});
  EXPECT_EQ(build_info().instruction_sets.front(), backend->instruction_set());
  EXPECT_EQ(build_info().instruction_sets.back(), "portable");
}

}  // namespace
}  // namespace vgg16
