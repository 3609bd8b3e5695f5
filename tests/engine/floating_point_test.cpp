// Results do not depend on the calling thread's floating-point mode (rounding, traps, subnormals), and the mode is
// unchanged afterwards.
#include "vocabulary/floating_point.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include "kernels/parallel.h"
#include "support/feature_rows.h"
#include "support/temp_dir.h"
#include "vgg16/classifier.h"
#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"
#include "vgg16/image.h"
#include "vgg16/weights.h"
#include "vocabulary/half.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

constexpr int kAnyException = FE_DIVBYZERO | FE_INEXACT | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW;

// A thread's floating-point environment: rounding, traps, raised flags, treatment of subnormal numbers.
struct Mode {
  int rounding = std::fegetround();
  int traps = fegetexcept();
  int raised = std::fetestexcept(kAnyException);
#ifdef __SSE__
  unsigned control = _mm_getcsr();
#endif
  bool operator==(const Mode&) const = default;
};

// Modes that host programs set, each in turn.
const std::map<std::string, void (*)()> kHostModes = {
    {"upward", [] { std::fesetround(FE_UPWARD); }},
    {"downward", [] { std::fesetround(FE_DOWNWARD); }},
    {"toward zero", [] { std::fesetround(FE_TOWARDZERO); }},
    {"flags raised", [] { std::feraiseexcept(FE_DIVBYZERO | FE_UNDERFLOW); }},
    {"traps", [] { feenableexcept(kAnyException); }},
#ifdef __SSE__
    {"subnormal numbers are zero", [] { _mm_setcsr(_mm_getcsr() | 0x8040U); }},  // as -ffast-math links it in
    {"all of it", [] { _mm_setcsr((_mm_getcsr() & ~0x1F80U) | 0xE040U); }},
#endif
};

// Runs `work` in each of the modes; it must leave the thread in that mode.
template <class Work>
void in_every_mode(const Work& work) {
  for (const auto& [name, set] : kHostModes) {
    SCOPED_TRACE(name);
    std::fenv_t own;
    std::fegetenv(&own);
    set();
    const Mode before;
    work();
    const Mode after;
    std::fesetenv(&own);
    EXPECT_TRUE(before == after);
  }
}

// In every mode, the value that `compute` gives in the default mode.
template <class Compute>
void expect_same_in_every_mode(const Compute& compute) {
  const auto expected = compute();
  in_every_mode([&] {
    const auto found = compute();
    const StandardFloatingPoint mode;  // EXPECT_EQ may compute
    EXPECT_TRUE(found == expected);
  });
}

TEST(StandardFloatingPoint, IsTheDefaultAndEndsWithTheScope) {
  const Mode standard;
  in_every_mode([&] {
    const StandardFloatingPoint mode;
    EXPECT_TRUE(Mode() == standard);
    volatile float smallest = 0x1p-149F;
    EXPECT_EQ(std::fpclassify(smallest * 1.0F), FP_SUBNORMAL);
    volatile double three = 3;
    EXPECT_EQ(1 / three, 0x1.5555555555555p-2);
  });
}

TEST(StandardFloatingPoint, EndsWithAnException) {
  in_every_mode([] {
    try {
      const StandardFloatingPoint mode;
      throw std::runtime_error("any");
    } catch (const std::runtime_error&) {
    }
  });
}

TEST(StandardFloatingPoint, IsTheModeOfEveryPoolThread) {
  const Mode standard;
  in_every_mode([&] {
    ThreadPool pool(3);
    std::vector<int> same(3);
    pool.run([&](int member) { same[static_cast<size_t>(member)] = Mode() == standard ? 1 : 0; });
    const StandardFloatingPoint mode;
    EXPECT_EQ(std::vector<int>(same.begin() + 1, same.end()), (std::vector<int>{1, 1}));
  });
}

TEST(FloatingPointMode, DoesNotChangeHalfPrecision) {
  expect_same_in_every_mode([] {
    std::vector<uint32_t> bits;
    for (uint32_t half = 0; half < 0x10000U; half += 3) {
      const float value = half_to_float(static_cast<uint16_t>(half));
      bits.push_back(std::bit_cast<uint32_t>(value));
      bits.push_back(float_to_half(std::bit_cast<float>(std::bit_cast<uint32_t>(value) + 0x0FFFU)));
    }
    return bits;
  });
}

TEST(FloatingPointMode, DoesNotChangeWeightsAndFeatures) {
  const TempDir folder;
  // Of synthetic weights in half precision some are subnormal.
  const fs::path file = folder / "half.safetensors";  // even appending to a path computes
  Weights::synthetic(1)->save(file, WeightsType::kF16, {});
  std::vector<uint8_t> pixels(size_t{3} * 224 * 224 * 2);
  std::mt19937 random(1);
  for (uint8_t& value : pixels) value = static_cast<uint8_t>(random() >> 24U);
  expect_same_in_every_mode([&] {
    const auto weights = Weights::load(file);
    Extractor extractor(weights,
                        {.layer = "block2_conv1", .pool = Pool::kAvg, .device = "cpu", .threads = 2, .batch_size = 2});
    std::vector<float> rows(2 * static_cast<size_t>(extractor.columns()));
    extractor.extract({pixels.data(), 2}, rows.data());
    return std::pair(weights->sha256(), rows);
  });
  expect_same_in_every_mode([] {
    std::vector<float> kernel(size_t{3} * 3 * 64 * 128);
    Weights::synthetic(1)->copy_kernel(2, kernel.data());
    return kernel;
  });
}

TEST(FloatingPointMode, DoesNotChangeSizes) {
  Image image{.height = 479, .width = 641, .pixels = std::vector<uint8_t>(size_t{3} * 479 * 641)};
  std::mt19937 random(2);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random() >> 24U);
  expect_same_in_every_mode([&] {
    std::vector<uint8_t> pixels(size_t{3} * 224 * 224);
    resize_nearest(image, 224, pixels.data());
    return pixels;
  });
}

// Numbers about 1, and some that are subnormal in half or in single precision.
std::vector<float> small_row(int64_t row) {
  std::mt19937 random(static_cast<uint32_t>(row));
  std::vector<float> values;
  for (int i = 0; i < 50; ++i) {
    const float scale = i % 10 == 0 ? 0x1p-20F : i % 10 == 5 ? 0x1p-140F : 1.0F;
    values.push_back(scale * static_cast<float>(random() % 4096U + (i % 3 == (row * 7 + 1) % 3 ? 2048U : 0U)) / 4096);
  }
  return values;
}

TEST(FloatingPointMode, DoesNotChangeFeatureFilesAndModels) {
  const TempDir folder;
  const fs::path file = folder / "a.h5";
  const fs::path model = folder / "a.model";
  std::vector<std::vector<float>> rows;
  for (int64_t row = 0; row < 40; ++row) rows.push_back(small_row(row));
  for (const FeatureType type : {FeatureType::kF32, FeatureType::kF16}) {
    const FeatureFilePlan plan = test_plan(40, 50, type);
    expect_same_in_every_mode([&] {
      FeatureFileWriter writer(file, plan, {.overwrite = true});
      for (int64_t row = 0; row < 40; ++row) writer.write(row, rows[static_cast<size_t>(row)]);
      writer.finish();
      return read_bytes(file);
    });
    expect_same_in_every_mode([&] {
      const FeatureTable table = open_feature_file(file);
      std::vector<float> read(2000);
      table.read_rows(0, 40, read.data());
      return std::string(reinterpret_cast<const char*>(read.data()), read.size() * sizeof(float));
    });
    for (const Route route : {Route::kDual, Route::kPrimal}) {
      expect_same_in_every_mode([&] {
        train(open_feature_file(file), {.route = route, .threads = 2}).classifier.save(model, {.overwrite = true});
        return read_bytes(model);
      });
    }
    expect_same_in_every_mode([&] { return Classifier::load(model).predict_probabilities(rows[7]); });
  }
  expect_same_in_every_mode([] { return parse_c_list("0.1,1e-3:1e3:10"); });
}

}  // namespace
}  // namespace vgg16
