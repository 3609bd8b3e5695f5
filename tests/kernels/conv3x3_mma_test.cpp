#include "lab/conv3x3_mma.h"

#include <utility>
#include <vector>

#include "kernels/conv3x3_filter.h"
#include "kernels/reference.h"
#include "support/cuda_op_test.h"
#include "support/fake_cuda.h"
#include "support/tolerance.h"

namespace vgg16 {
namespace {

// Half of the last place of a number of `type`, relative to it.
double rounding(ElementType type) {
  return type == ElementType::kF32 ? 0x1p-24 : type == ElementType::kF16 ? 0x1p-11 : 0x1p-8;
}

// What a sum of `k` products on tensor cores may miss: their adders cut off where float32 would round, by at most one
// last place in each of the k / 8 steps, beside what any order of summation may miss.
double mma_tolerance(int k, double magnitude) {
  return sum_tolerance(k, magnitude) + k / 8 * static_cast<double>(std::numeric_limits<float>::epsilon()) * magnitude;
}

struct ConvCase {
  Shape4 shape;
  int oc;
  Epilogue epilogue;
  bool large = false;  // takes the emulated device too long
};

Shape4 out_shape(const ConvCase& c) {
  const int shrink = c.epilogue == Epilogue::kReluMaxPool2x2 ? 2 : 1;
  return {c.shape.n, c.shape.h / shrink, c.shape.w / shrink, c.oc};
}

class Conv3x3MmaTest : public CudaOpTest {
 protected:
  [[nodiscard]] std::vector<unsigned char> packed(const std::vector<float>& w, const ConvCase& c) const {
    const int ic = c.shape.c;
    std::vector<unsigned char> bytes(static_cast<size_t>(packed_filter_count(ic, c.oc) * element_bytes(type())));
    const bool tf32 = type() == ElementType::kF32;
    pack_filter(w.data(), ic, c.oc, ic, type(), tf32 ? FilterRounding::kTf32 : FilterRounding::kNone, bytes.data());
    return bytes;
  }

  [[nodiscard]] std::vector<float> convolved(const std::vector<float>& x, const std::vector<float>& w,
                                             const std::vector<float>& bias, const ConvCase& c) const {
    const DeviceInput in(x, c.shape, type());
    const DeviceBuffer filter = on_device(packed(w, c));
    const DeviceBuffer device_bias = on_device(bias);
    const auto run = [&] {
      DeviceOutput out(out_shape(c), type());
      conv3x3_bias_relu_cuda(in.view(), filter.data(), device_bias.data<float>(), c.epilogue, out.view(), stream());
      return values(out);
    };
    if constexpr (kEmulatedDevice) {
      // The launcher takes the largest tiles that keep the device's processors busy: few processors make it take the
      // largest, many the smallest, and as many as there are tiles of 128 x 64 make it take those. Sums run in one
      // order in all of them, so the bits must be the same.
      const int tiles = (c.shape.n * c.shape.h * c.shape.w + 127) / 128 * (c.oc / 64);
      FakeCuda& device = fake_cuda();
      device.processors = 1 << 20;
      device.copies_land = CopyArrival::kWhenWaitedFor;
      const auto smallest = run();
      for (const auto& [processors, arrival] :
           {std::pair(tiles, CopyArrival::kAtOnce), {1, CopyArrival::kWhenWaitedFor}}) {
        device.processors = processors;
        device.copies_land = arrival;
        EXPECT_EQ(run(), smallest) << "on " << processors << " processors";
      }
      device.processors = FakeCuda{}.processors;
      device.copies_land = FakeCuda{}.copies_land;
      return smallest;
    }
    return run();
  }
};

TEST_P(Conv3x3MmaTest, MatchesTheReference) {
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
    if (c.large && kEmulatedDevice) continue;
    SCOPED_TRACE(text(c.shape) + " to " + std::to_string(c.oc));
    const int ic = c.shape.c;
    auto x = random_of(type(), c.shape.count(), 8, 0, 10);
    auto w = random_of(type(), int64_t{9} * ic * c.oc, 9);
    const auto bias = random_floats(c.oc, 10, -5, 5);
    const auto y = convolved(x, w, bias, c);
    if (type() == ElementType::kF32) {  // the products' operands, as the kernel rounds them to TF32
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
    // Errors differ from place to place; a window's maximum misses at most by the largest of its four.
    const auto magnitudes = pool ? maxpool2x2_reference(reference.magnitudes.data(), full) : reference.magnitudes;
    ASSERT_EQ(y.size(), expected.size());
    for (size_t i = 0; i < y.size(); ++i) {
      const double tolerance = mma_tolerance(9 * ic, magnitudes[i]) + 1.01 * rounding(type()) * expected[i];
      ASSERT_NEAR(static_cast<double>(y[i]), expected[i], tolerance) << "number " << i;
    }
  }
}

TEST_P(Conv3x3MmaTest, APictureDoesNotDependOnItsBatch) {
  // 200 pictures make enough blocks for large tiles, one does not.
  const ConvCase c = {{kEmulatedDevice ? 3 : 200, 14, 14, 64}, 128, Epilogue::kReluMaxPool2x2};
  const auto x = random_of(type(), c.shape.count(), 11, 0, 10);
  const auto w = random_of(type(), int64_t{9} * c.shape.c * c.oc, 12);
  const auto bias = random_floats(c.oc, 13);
  const auto all = convolved(x, w, bias, c);
  ConvCase one = c;
  one.shape.n = 1;
  const auto alone = convolved({x.end() - one.shape.count(), x.end()}, w, bias, one);
  EXPECT_EQ(alone, std::vector<float>(all.end() - out_shape(one).count(), all.end()));
}

INSTANTIATE_TEST_SUITE_P(Types, Conv3x3MmaTest, kElementTypes, type_name);

TEST(Conv3x3MmaLauncherTest, RefusesWhatDoesNotFit) {
  const auto refused = [](const std::string& part, Shape4 in, Shape4 out, Epilogue epilogue) {
    expect_refused(
        part, [&] { conv3x3_bias_relu_cuda(some_in(in), kSomewhere, kSomeBias, epilogue, some_out(out), nullptr); });
  };
  refused("128 bytes", {1, 4, 4, 32}, {1, 4, 4, 64}, Epilogue::kRelu);
  refused("multiple of 64", {1, 4, 4, 64}, {1, 4, 4, 32}, Epilogue::kRelu);
  refused("even", {1, 3, 4, 64}, {1, 1, 2, 64}, Epilogue::kReluMaxPool2x2);
  refused("where pooled", {1, 4, 4, 64}, {1, 4, 4, 64}, Epilogue::kReluMaxPool2x2);
}

TEST(Conv3x3MmaLauncherTest, AsksForNothingForAnEmptyBatch) {
  conv3x3_bias_relu_cuda(some_in({0, 4, 4, 64}), kSomewhere, kSomeBias, Epilogue::kRelu, some_out({0, 4, 4, 64}),
                         nullptr);
}

}  // namespace
}  // namespace vgg16
