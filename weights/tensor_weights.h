// The only implementation of Weights: views of 26 tensors in memory, and the readers of each file format.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "vgg16/weights.h"

namespace vgg16 {

/// Kernel and bias of one convolution: little-endian values of one type, kernel HWIO.
struct ConvTensors {
  std::span<const std::byte> kernel;
  std::span<const std::byte> bias;
};

class TensorWeights final : public Weights {
 public:
  /// `owner` keeps the memory of `tensors` alive. The caller must have checked their sizes; this checks that all values
  /// are finite. Throws Error{kRefused}.
  TensorWeights(std::array<ConvTensors, kConvLayers> tensors, WeightsType type, std::string name, std::string sha256,
                std::shared_ptr<const void> owner);

  void copy_kernel(size_t conv, float* out) const override;
  void copy_bias(size_t conv, float* out) const override;
  [[nodiscard]] WeightsType type() const override { return type_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::string& sha256() const override;

 private:
  std::array<ConvTensors, kConvLayers> tensors_;
  WeightsType type_;
  std::string name_;
  std::shared_ptr<const void> owner_;
  mutable std::mutex digest_mutex_;
  mutable std::string sha256_;
};

/// Reads Keras' HDF5 layout, with the dataset names of any version. Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] std::shared_ptr<const Weights> read_keras_h5(const std::filesystem::path& path);

/// As Weights::from_safetensors; `owner` keeps `bytes` alive. Throws Error{kRefused}.
[[nodiscard]] std::shared_ptr<const Weights> read_safetensors(std::span<const std::byte> bytes, std::string_view name,
                                                              std::string_view sha256,
                                                              std::shared_ptr<const void> owner);

[[nodiscard]] constexpr size_t kernel_count(const ConvShape& shape) {
  return size_t{9} * static_cast<size_t>(shape.ic) * static_cast<size_t>(shape.oc);
}

}  // namespace vgg16
