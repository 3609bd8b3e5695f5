// What the tests of all operations on CUDA share: their fixture, and activations in device memory.
//
// One source of a test makes two programs (tests/kernels/CMakeLists.txt). In one the launchers and their kernels run on
// a GPU, or the tests are skipped where there is none; in the other one, which has kEmulatedDevice, the same source
// runs on the host (cuda_emulation.h).
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kernels/cuda_memory.h"
#include "kernels/device_tensor.h"
#include "support/cuda_device.h"
#include "support/expect_error.h"
#include "support/guarded.h"
#include "support/random.h"

namespace vgg16 {

#ifdef VGG16_EMULATED_DEVICE
inline constexpr bool kEmulatedDevice = true;
#else
inline constexpr bool kEmulatedDevice = false;
#endif

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// `x` as a number of `type`; float32 as it is.
[[nodiscard]] inline float rounded(float x, ElementType type) {
  if (type == ElementType::kF16) return __half2float(__float2half_rn(x));
  if (type == ElementType::kBf16) return __bfloat162float(__float2bfloat16_rn(x));
  return x;
}

/// What an exact result becomes that is computed in float32 and then rounded to `type`.
[[nodiscard]] inline std::vector<float> rounded(const std::vector<double>& exact, ElementType type) {
  std::vector<float> values;
  for (const double x : exact) values.push_back(rounded(static_cast<float>(x), type));
  return values;
}

[[nodiscard]] inline std::vector<unsigned char> encoded(const std::vector<float>& values, ElementType type) {
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

[[nodiscard]] inline std::vector<float> decoded(Guarded& values, int64_t count, ElementType type) {
  std::vector<float> result;
  for (int64_t i = 0; i < count; ++i) {
    if (type == ElementType::kF32) result.push_back(values.data<float>()[i]);
    if (type == ElementType::kF16) result.push_back(__half2float(values.data<__half>()[i]));
    if (type == ElementType::kBf16) result.push_back(__bfloat162float(values.data<__nv_bfloat16>()[i]));
  }
  return result;
}

/// Random numbers that `type` holds exactly.
[[nodiscard]] inline std::vector<float> random_of(ElementType type, int64_t count, uint32_t seed, float low = -1,
                                                  float high = 1) {
  auto values = random_floats(count, seed, low, high);
  for (float& value : values) value = rounded(value, type);
  return values;
}

[[nodiscard]] inline std::vector<double> as_double(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

/// Equal, or both NaN.
inline void expect_equal(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i]))
      ASSERT_TRUE(std::isnan(actual[i])) << "number " << i;
    else
      ASSERT_EQ(actual[i], expected[i]) << "number " << i;
  }
}

[[nodiscard]] inline std::string text(Shape4 shape) {
  return std::to_string(shape.n) + "x" + std::to_string(shape.h) + "x" + std::to_string(shape.w) + "x" +
         std::to_string(shape.c);
}

/// A copy in device memory.
[[nodiscard]] inline DeviceBuffer on_device(const void* data, int64_t size_bytes) {
  DeviceBuffer buffer(size_bytes);
  buffer.upload(data, size_bytes);
  return buffer;
}
template <class T>
[[nodiscard]] DeviceBuffer on_device(const std::vector<T>& values) {
  return on_device(values.data(), static_cast<int64_t>(values.size() * sizeof(T)));
}

/// An activation in device memory that an operation reads.
class DeviceInput {
 public:
  DeviceInput(const std::vector<float>& values, Shape4 shape, ElementType type)
      : buffer_(on_device(encoded(values, type))), shape_(shape), type_(type) {}
  [[nodiscard]] DeviceIn view() const { return {buffer_.data(), shape_, type_}; }

 private:
  DeviceBuffer buffer_;
  Shape4 shape_;
  ElementType type_;
};

/// One that an operation writes, NaN until then, between fences (guarded.h) that it must leave alone.
class DeviceOutput {
 public:
  DeviceOutput(Shape4 shape, ElementType type) : DeviceOutput({}, shape, type) {}
  /// With these values in it, for an operation that works in place.
  DeviceOutput(const std::vector<float>& values, Shape4 shape, ElementType type)
      : host_(shape.count(), static_cast<size_t>(element_bytes(type))), shape_(shape), type_(type) {
    const auto bytes = encoded(values, type);
    if (!bytes.empty()) std::memcpy(host_.data<unsigned char>(), bytes.data(), bytes.size());
    buffer_ = on_device(host_.bytes(), host_.total_bytes());
  }
  [[nodiscard]] DeviceOut view() const { return {buffer_.data<unsigned char>() + Guarded::kFence, shape_, type_}; }
  [[nodiscard]] DeviceIn read_view() const { return {view().data, shape_, type_}; }

  /// What stands there once `stream` has done its work; fails the test where a fence is broken.
  [[nodiscard]] std::vector<float> values(const Stream& stream) {
    stream.synchronize();
    buffer_.download(host_.bytes(), host_.total_bytes());
    EXPECT_TRUE(host_.fences_intact()) << "written outside the output";
    return decoded(host_, shape_.count(), type_);
  }

 private:
  Guarded host_;
  DeviceBuffer buffer_;
  Shape4 shape_;
  ElementType type_;
};

/// Runs for each type that the device computes in; skipped, with the reason, where there is no device.
class CudaOpTest : public testing::TestWithParam<ElementType> {
 protected:
  void SetUp() override {
    if (const std::string reason = no_device_reason(); !reason.empty()) GTEST_SKIP() << reason;
    stream_.emplace();
  }
  [[nodiscard]] ElementType type() const { return GetParam(); }
  [[nodiscard]] CudaStream stream() const { return stream_->get(); }
  [[nodiscard]] std::vector<float> values(DeviceOutput& output) const { return output.values(*stream_); }

 private:
  std::optional<Stream> stream_;
};

/// INSTANTIATE_TEST_SUITE_P(Types, <suite>, kElementTypes, type_name);
inline const auto kElementTypes = testing::Values(ElementType::kF32, ElementType::kF16, ElementType::kBf16);
inline std::string type_name(const testing::TestParamInfo<ElementType>& type) {
  return type.param == ElementType::kF32 ? "f32" : type.param == ElementType::kF16 ? "f16" : "bf16";
}

// For what launchers refuse, which needs no device: views of an address that is aligned, never read.
inline void* const kSomewhere = reinterpret_cast<void*>(0x10000);
inline const auto* const kSomeBias = static_cast<const float*>(kSomewhere);
[[nodiscard]] inline DeviceIn some_in(Shape4 shape, ElementType type = ElementType::kF16, int offset_bytes = 0) {
  return {static_cast<const char*>(kSomewhere) + offset_bytes, shape, type};
}
[[nodiscard]] inline DeviceOut some_out(Shape4 shape, ElementType type = ElementType::kF16) {
  return {kSomewhere, shape, type};
}
inline void expect_refused(const std::string& part_of_message, const std::function<void()>& call) {
  expect_error(ErrorCode::kShape, part_of_message, call);
}

}  // namespace vgg16
