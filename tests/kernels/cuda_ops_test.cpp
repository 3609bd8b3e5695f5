// Every CUDA kernel against the plain reference, on awkward shapes (odd, tiny, not multiples of a tile). cuda_ops.h
// says where they run.
#include "kernels/cuda_ops.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/conv3x3_filter.h"
#include "kernels/reference.h"
#include "support/random.h"
#include "support/tolerance.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// `x` as a number of `type`; float32 as it is.
float rounded(float x, ElementType type) {
  if (type == ElementType::kF16) return __half2float(__float2half_rn(x));
  if (type == ElementType::kBf16) return __bfloat162float(__float2bfloat16_rn(x));
  return x;
}

// Half of the last place of a number of `type`, relative to it.
double rounding(ElementType type) {
  return type == ElementType::kF32 ? 0x1p-24 : type == ElementType::kF16 ? 0x1p-11 : 0x1p-8;
}

std::vector<unsigned char> encoded(const std::vector<float>& values, ElementType type) {
  std::vector<unsigned char> bytes(values.size() * static_cast<size_t>(element_bytes(type)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == ElementType::kF32) std::memcpy(&bytes[4 * i], &values[i], 4);
    const __half half = __float2half_rn(values[i]);
    if (type == ElementType::kF16) std::memcpy(&bytes[2 * i], &half, 2);
    const __nv_bfloat16 bfloat = __float2bfloat16_rn(values[i]);
    if (type == ElementType::kBf16) std::memcpy(&bytes[2 * i], &bfloat, 2);
  }
  return bytes;
}

std::vector<float> decoded(Guarded& values, int64_t count, ElementType type) {
  std::vector<float> result;
  for (int64_t i = 0; i < count; ++i) {
    if (type == ElementType::kF32) result.push_back(values.data<float>()[i]);
    if (type == ElementType::kF16) result.push_back(__half2float(values.data<__half>()[i]));
    if (type == ElementType::kBf16) result.push_back(__bfloat162float(values.data<__nv_bfloat16>()[i]));
  }
  return result;
}

std::vector<double> as_double(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// Random numbers that `type` holds exactly.
std::vector<float> random_of(ElementType type, int64_t count, uint32_t seed, float low = -1, float high = 1) {
  auto values = random_floats(count, seed, low, high);
  for (float& value : values) value = rounded(value, type);
  return values;
}

Guarded guarded(Shape4 shape, ElementType type) {
  return Guarded(shape.count(), static_cast<size_t>(element_bytes(type)));
}

// Equal, or both NaN.
void expect_equal(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i]))
      ASSERT_TRUE(std::isnan(actual[i])) << "number " << i;
    else
      ASSERT_EQ(actual[i], expected[i]) << "number " << i;
  }
}

std::string text(Shape4 shape) {
  return std::to_string(shape.n) + "x" + std::to_string(shape.h) + "x" + std::to_string(shape.w) + "x" +
         std::to_string(shape.c);
}

class CudaOpsTest : public testing::TestWithParam<ElementType> {
 protected:
  void SetUp() override {
    if (const std::string reason = reason_to_skip(); !reason.empty()) GTEST_SKIP() << reason;
  }
  ElementType type() const { return GetParam(); }
};

TEST_P(CudaOpsTest, PreprocessGivesBlueFirstMinusTheMeanAndZeros) {
  for (const Shape4 shape : {Shape4{1, 2, 2, 4},
                             {1, 2, 2, 8},
                             {3, 1, 4, 8},
                             {1, 4, 257, 4},
                             {0, 4, 4, 8},
                             {2, 224, 224, 4},
                             {1, 224, 224, 8}}) {
    SCOPED_TRACE(text(shape));
    const int64_t pixels = int64_t{shape.n} * shape.h * shape.w;
    const auto pictures = random_bytes(3 * pixels, 1);
    std::vector<float> expected;
    if (shape.h == kInputSide) {
      for (int n = 0; n < shape.n; ++n) {
        const auto values = preprocess_reference(pictures.data() + int64_t{n} * kInputSide * kInputSide * 3);
        for (size_t i = 0; i < values.size(); ++i) {
          expected.push_back(rounded(static_cast<float>(values[i]), type()));
          if (i % 3 == 2) expected.insert(expected.end(), static_cast<size_t>(shape.c - 3), 0.0F);
        }
      }
    } else {
      for (int64_t pixel = 0; pixel < pixels; ++pixel) {
        for (int c = 0; c < shape.c; ++c) {
          const auto at = static_cast<size_t>(3 * pixel + 2 - c);
          expected.push_back(c < 3 ? rounded(static_cast<float>(pictures[at]) - kMeanBgr[c], type()) : 0);
        }
      }
    }
    Guarded out = guarded(shape, type());
    run_preprocess(pictures.data(), shape, type(), out);
    EXPECT_TRUE(out.fences_intact());
    expect_equal(decoded(out, shape.count(), type()), expected);
  }
}

TEST_P(CudaOpsTest, BiasReluMatchesAlsoInPlaceAndKeepsNan) {
  for (const Shape4 shape :
       {Shape4{1, 1, 1, 8}, {3, 5, 7, 24}, {1, 1, 257, 8}, {2, 14, 14, 512}, {0, 4, 4, 8}, {1, 3, 3, 40}}) {
    SCOPED_TRACE(text(shape));
    auto x = random_of(type(), shape.count(), 2, -4, 4);
    const auto bias = random_floats(shape.c, 3);
    if (!x.empty()) x[x.size() / 2] = kNan;
    if (!x.empty()) x[0] = kInfinity;
    std::vector<float> expected;
    for (size_t i = 0; i < x.size(); ++i)
      expected.push_back(rounded(std::max(x[i] + bias[i % static_cast<size_t>(shape.c)], 0.0F), type()));
    Guarded out = guarded(shape, type());
    run_bias_relu(encoded(x, type()).data(), shape, type(), bias.data(), out);
    EXPECT_TRUE(out.fences_intact());
    expect_equal(decoded(out, shape.count(), type()), expected);

    Guarded values = guarded(shape, type());
    const auto bytes = encoded(x, type());
    if (!bytes.empty()) std::memcpy(values.data<unsigned char>(), bytes.data(), bytes.size());
    run_bias_relu_in_place(values, shape, type(), bias.data());
    EXPECT_TRUE(values.fences_intact());
    expect_equal(decoded(values, shape.count(), type()), expected);
  }
}

TEST_P(CudaOpsTest, MaxpoolMatchesTheReference) {
  for (const Shape4 shape : {Shape4{1, 2, 2, 8},
                             {1, 6, 10, 24},
                             {2, 14, 14, 40},
                             {3, 2, 86, 8},
                             {0, 4, 4, 8},
                             {1, 224, 224, 64},
                             {5, 14, 14, 512}}) {
    SCOPED_TRACE(text(shape));
    const auto x = random_of(type(), shape.count(), 4);
    const auto pooled = maxpool2x2_reference(as_double(x).data(), shape);
    std::vector<float> expected(pooled.begin(), pooled.end());
    const Shape4 out_shape = {shape.n, shape.h / 2, shape.w / 2, shape.c};
    Guarded out = guarded(out_shape, type());
    run_maxpool(encoded(x, type()).data(), shape, type(), nullptr, out);
    EXPECT_TRUE(out.fences_intact());
    expect_equal(decoded(out, out_shape.count(), type()), expected);

    const auto bias = random_floats(shape.c, 5);
    for (size_t i = 0; i < expected.size(); ++i)
      expected[i] = rounded(std::max(expected[i] + bias[i % static_cast<size_t>(shape.c)], 0.0F), type());
    Guarded fused = guarded(out_shape, type());
    run_maxpool(encoded(x, type()).data(), shape, type(), bias.data(), fused);
    EXPECT_TRUE(fused.fences_intact());
    expect_equal(decoded(fused, out_shape.count(), type()), expected);
  }
}

TEST_P(CudaOpsTest, MaxpoolKeepsNanWhereverItStandsInTheWindow) {
  const Shape4 shape = {4, 2, 2, 8};
  std::vector<float> x(static_cast<size_t>(shape.count()), 1.0F);
  for (size_t n = 0; n < 4; ++n) x[(n * 4 + n) * 8 + 3] = kNan;
  std::vector<float> expected(32, 1.0F);
  for (size_t n = 0; n < 4; ++n) expected[n * 8 + 3] = kNan;
  Guarded out = guarded({4, 1, 1, 8}, type());
  run_maxpool(encoded(x, type()).data(), shape, type(), nullptr, out);
  expect_equal(decoded(out, 32, type()), expected);
}

TEST_P(CudaOpsTest, ConvertRoundsToNearestEvenAndBack) {
  for (const Shape4 shape : {Shape4{1, 1, 1, 8}, {2, 3, 5, 24}, {1, 1, 257, 8}, {0, 7, 7, 512}, {3, 7, 7, 512}}) {
    SCOPED_TRACE(text(shape));
    auto x = random_floats(shape.count(), 6, -300, 300);
    const std::vector<float> special = {1 + 0x1p-11F, 1 + 0x3p-11F, 1 + 0x1p-9F, 1 + 0x3p-9F,
                                        70000,        kInfinity,    kNan,        1e-8F};
    if (!x.empty()) std::copy(special.begin(), special.end(), x.begin());
    std::vector<float> expected = x;
    for (float& value : expected) value = rounded(value, type());
    Guarded narrow = guarded(shape, type());
    run_convert(encoded(x, ElementType::kF32).data(), shape, ElementType::kF32, type(), narrow);
    EXPECT_TRUE(narrow.fences_intact());
    expect_equal(decoded(narrow, shape.count(), type()), expected);
    Guarded wide = guarded(shape, ElementType::kF32);
    run_convert(narrow.data<unsigned char>(), shape, type(), ElementType::kF32, wide);
    EXPECT_TRUE(wide.fences_intact());
    expect_equal(decoded(wide, shape.count(), ElementType::kF32), expected);
  }
}

TEST_P(CudaOpsTest, GlobalPoolsMatchAndDoNotDependOnTheBatch) {
  for (const Shape4 shape :
       {Shape4{1, 1, 1, 8}, {3, 7, 7, 512}, {2, 5, 9, 72}, {1, 3, 11, 24}, {2, 28, 28, 64}, {0, 7, 7, 8}}) {
    SCOPED_TRACE(text(shape));
    const auto x = random_of(type(), shape.count(), 7, -1, 3);
    const Shape4 out_shape = {shape.n, 1, 1, shape.c};
    Guarded mean = guarded(out_shape, ElementType::kF32);
    run_global_pool(encoded(x, type()).data(), shape, type(), Pool::kAvg, mean);
    Guarded maximum = guarded(out_shape, ElementType::kF32);
    run_global_pool(encoded(x, type()).data(), shape, type(), Pool::kMax, maximum);
    EXPECT_TRUE(mean.fences_intact());
    EXPECT_TRUE(maximum.fences_intact());
    const Reference expected = global_avg_pool_reference(as_double(x).data(), shape);
    const auto largest = global_max_pool_reference(as_double(x).data(), shape);
    for (size_t i = 0; i < largest.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(mean.data<float>()[i]), expected.values[i],
                  sum_tolerance(shape.h * shape.w, expected.magnitudes[i]))
          << i;
      ASSERT_EQ(static_cast<double>(maximum.data<float>()[i]), largest[i]) << i;
    }
    if (shape.n < 2) continue;
    const Shape4 one = {1, shape.h, shape.w, shape.c};
    const std::vector<float> last(x.end() - one.count(), x.end());
    Guarded alone = guarded({1, 1, 1, shape.c}, ElementType::kF32);
    run_global_pool(encoded(last, type()).data(), one, type(), Pool::kAvg, alone);
    EXPECT_EQ(std::memcmp(alone.data<float>(), mean.data<float>() + (shape.n - 1) * shape.c,
                          static_cast<size_t>(shape.c) * sizeof(float)),
              0);
  }
}

TEST_P(CudaOpsTest, GlobalPoolsKeepNan) {
  const Shape4 shape = {1, 9, 9, 8};
  std::vector<float> x(static_cast<size_t>(shape.count()), 2.0F);
  x[50 * 8 + 5] = kNan;
  for (const Pool pool : {Pool::kAvg, Pool::kMax}) {
    Guarded out = guarded({1, 1, 1, 8}, ElementType::kF32);
    run_global_pool(encoded(x, type()).data(), shape, type(), pool, out);
    expect_equal(decoded(out, 8, ElementType::kF32), {2, 2, 2, 2, 2, kNan, 2, 2});
  }
}

// Bound for the error of a sum of `k` products on tensor cores: their adders truncate where float32 rounds, which costs
// at most one unit in the last place in each of the k / 8 steps, in addition to the bound of a float32 sum in any
// order.
double mma_tolerance(int k, double magnitude) {
  return sum_tolerance(k, magnitude) + k / 8 * static_cast<double>(std::numeric_limits<float>::epsilon()) * magnitude;
}

struct ConvCase {
  Shape4 shape;
  int oc;
  Epilogue epilogue;
  bool large = false;  // only on a device
};

TEST_P(CudaOpsTest, ConvolutionMatchesTheReference) {
  for (const ConvCase& c : {ConvCase{{1, 1, 1, 64}, 64, Epilogue::kRelu},
                            {{1, 2, 2, 64}, 128, Epilogue::kReluMaxPool2x2},
                            {{2, 7, 9, 64}, 64, Epilogue::kRelu},
                            {{1, 9, 15, 128}, 128, Epilogue::kRelu},
                            {{3, 6, 10, 64}, 128, Epilogue::kReluMaxPool2x2},
                            {{2, 14, 14, 128}, 64, Epilogue::kReluMaxPool2x2},
                            {{1, 3, 200, 64}, 192, Epilogue::kRelu},
                            {{0, 14, 14, 64}, 64, Epilogue::kRelu},
                            {{1, 14, 14, 512}, 512, Epilogue::kReluMaxPool2x2, true},
                            {{9, 56, 54, 64}, 128, Epilogue::kReluMaxPool2x2, true},
                            {{1, 131, 147, 64}, 128, Epilogue::kRelu, true}}) {
    if (c.large && emulated()) continue;
    SCOPED_TRACE(text(c.shape) + " to " + std::to_string(c.oc));
    const int ic = c.shape.c;
    const bool tf32 = type() == ElementType::kF32;
    auto x = random_of(type(), c.shape.count(), 8, 0, 10);
    auto w = random_of(type(), int64_t{9} * ic * c.oc, 9);
    const auto bias = random_floats(c.oc, 10, -5, 5);
    std::vector<unsigned char> packed(static_cast<size_t>(packed_filter_count(ic, c.oc) * element_bytes(type())));
    pack_filter(w.data(), ic, c.oc, ic, type(), tf32 ? FilterRounding::kTf32 : FilterRounding::kNone, packed.data());
    const auto bytes = encoded(x, type());
    if (tf32) {  // the products' operands, as the kernel rounds them
      for (auto* values : {&x, &w}) {
        for (float& value : *values) {
          uint32_t bits = 0;
          std::memcpy(&bits, &value, 4);
          bits = (bits + 0x1000U) & 0xFFFFE000U;
          std::memcpy(&value, &bits, 4);
        }
      }
    }
    const bool pool = c.epilogue == Epilogue::kReluMaxPool2x2;
    const Reference reference = conv3x3_relu_reference(as_double(x).data(), c.shape, w.data(), bias.data(), c.oc);
    const Shape4 full = {c.shape.n, c.shape.h, c.shape.w, c.oc};
    const auto expected = pool ? maxpool2x2_reference(reference.values.data(), full) : reference.values;
    // Errors differ between outputs; the error of a window's maximum is at most the largest of its four.
    const auto magnitudes = pool ? maxpool2x2_reference(reference.magnitudes.data(), full) : reference.magnitudes;
    const Shape4 out_shape = pool ? Shape4{full.n, full.h / 2, full.w / 2, full.c} : full;
    Guarded out = guarded(out_shape, type());
    run_conv3x3(bytes.data(), c.shape, type(), packed.data(), bias.data(), c.oc, c.epilogue, out);
    EXPECT_TRUE(out.fences_intact());
    const auto y = decoded(out, out_shape.count(), type());
    for (size_t i = 0; i < y.size(); ++i) {
      const double tolerance = mma_tolerance(9 * ic, magnitudes[i]) + 1.01 * rounding(type()) * expected[i];
      ASSERT_NEAR(static_cast<double>(y[i]), expected[i], tolerance) << "number " << i;
    }
  }
}

TEST_P(CudaOpsTest, ConvolutionOfAPictureDoesNotDependOnItsBatch) {
  const Shape4 shape = {emulated() ? 3 : 200, 14, 14, 64};  // 200 make enough blocks for large tiles, one does not
  const int oc = 128;
  const auto x = random_of(type(), shape.count(), 11, 0, 10);
  const auto w = random_of(type(), int64_t{9} * shape.c * oc, 12);
  const auto bias = random_floats(oc, 13);
  std::vector<unsigned char> packed(static_cast<size_t>(packed_filter_count(shape.c, oc) * element_bytes(type())));
  pack_filter(w.data(), shape.c, oc, shape.c, type(), FilterRounding::kTf32, packed.data());
  Guarded all = guarded({shape.n, 7, 7, oc}, type());
  run_conv3x3(encoded(x, type()).data(), shape, type(), packed.data(), bias.data(), oc, Epilogue::kReluMaxPool2x2, all);
  const Shape4 one = {1, shape.h, shape.w, shape.c};
  const std::vector<float> last(x.end() - one.count(), x.end());
  Guarded alone = guarded({1, 7, 7, oc}, type());
  run_conv3x3(encoded(last, type()).data(), one, type(), packed.data(), bias.data(), oc, Epilogue::kReluMaxPool2x2,
              alone);
  const size_t size_bytes = size_t{49} * oc * static_cast<size_t>(element_bytes(type()));
  EXPECT_EQ(std::memcmp(alone.data<unsigned char>(),
                        all.data<unsigned char>() + static_cast<size_t>(shape.n - 1) * size_bytes, size_bytes),
            0);
}

INSTANTIATE_TEST_SUITE_P(Types, CudaOpsTest, testing::Values(ElementType::kF32, ElementType::kF16, ElementType::kBf16),
                         [](const auto& param) {
                           return std::string(param.param == ElementType::kF32   ? "f32"
                                              : param.param == ElementType::kF16 ? "f16"
                                                                                 : "bf16");
                         });

}  // namespace
}  // namespace vgg16
