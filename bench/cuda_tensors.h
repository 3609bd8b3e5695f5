// Random activations on the device, and the same values on the host, against which results are checked.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "kernels/cuda_check.h"
#include "kernels/cuda_memory.h"
#include "support/random.h"

namespace vgg16 {

[[nodiscard]] inline std::string_view type_name(ElementType type) {
  return type == ElementType::kF32 ? "f32" : type == ElementType::kF16 ? "f16" : "bf16";
}

[[nodiscard]] inline std::vector<unsigned char> encode(const std::vector<float>& values, ElementType type) {
  std::vector<unsigned char> bytes(values.size() * static_cast<size_t>(element_bytes(type)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == ElementType::kF32) {
      std::memcpy(&bytes[4 * i], &values[i], 4);
    } else if (type == ElementType::kF16) {
      const __half x = __float2half_rn(values[i]);
      std::memcpy(&bytes[2 * i], &x, 2);
    } else {
      const __nv_bfloat16 x = __float2bfloat16_rn(values[i]);
      std::memcpy(&bytes[2 * i], &x, 2);
    }
  }
  return bytes;
}

[[nodiscard]] inline std::vector<float> decode(const std::vector<unsigned char>& bytes, ElementType type) {
  std::vector<float> values(bytes.size() / static_cast<size_t>(element_bytes(type)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == ElementType::kF32) {
      std::memcpy(&values[i], &bytes[4 * i], 4);
      continue;
    }
    uint16_t bits = 0;
    std::memcpy(&bits, &bytes[2 * i], 2);
    values[i] = type == ElementType::kF16 ? static_cast<float>(__half(__half_raw{bits}))
                                          : static_cast<float>(__nv_bfloat16(__nv_bfloat16_raw{bits}));
  }
  return values;
}

/// An activation on the device.
struct DeviceTensor {
  Shape4 shape;
  ElementType type;
  DeviceBuffer buffer;
  std::vector<float> one;  ///< the values of each of its pictures, as `type` holds them; none for an output

  /// Every picture with the same values, uniform in [low, high).
  DeviceTensor(Shape4 tensor_shape, ElementType element, uint32_t seed, float low = -1, float high = 1)
      : DeviceTensor(tensor_shape, element) {
    const auto bytes = encode(random_floats(shape.count() / shape.n, seed, low, high), type);
    one = decode(bytes, type);
    VGG16_CUDA_CHECK(cudaMemcpy(picture(0), bytes.data(), bytes.size(), cudaMemcpyHostToDevice));
    for (int n = 1; n < shape.n; n *= 2) {
      const auto count = static_cast<size_t>(std::min(n, shape.n - n));
      VGG16_CUDA_CHECK(cudaMemcpy(picture(n), picture(0), count * bytes.size(), cudaMemcpyDeviceToDevice));
    }
    VGG16_CUDA_CHECK(cudaDeviceSynchronize());
  }
  /// An output: NaN until it is written.
  DeviceTensor(Shape4 tensor_shape, ElementType element)
      : shape(tensor_shape), type(element), buffer(tensor_shape.count() * element_bytes(element)) {
    VGG16_CUDA_CHECK(cudaMemset(buffer.data(), 0xFF, static_cast<size_t>(buffer.size_bytes())));
    VGG16_CUDA_CHECK(cudaDeviceSynchronize());  // our streams do not wait for the default stream
  }

  [[nodiscard]] DeviceIn in() const { return {buffer.data(), shape, type}; }
  [[nodiscard]] DeviceOut out() const { return {buffer.data(), shape, type}; }
  /// The last picture's values: an error in the batch's tail would be there.
  [[nodiscard]] std::vector<float> last() const { return decode(bytes_of(shape.n - 1), type); }
  [[nodiscard]] std::vector<unsigned char> bytes_of(int n) const {
    std::vector<unsigned char> bytes(static_cast<size_t>(buffer.size_bytes() / shape.n));
    VGG16_CUDA_CHECK(cudaMemcpy(bytes.data(), picture(n), bytes.size(), cudaMemcpyDeviceToHost));
    return bytes;
  }

 private:
  [[nodiscard]] unsigned char* picture(int n) const {
    return buffer.data<unsigned char>() + buffer.size_bytes() / shape.n * n;
  }
};

}  // namespace vgg16
