// VGG16's weights, 13 kernels and 13 biases, from a file or from memory.
//
//   std::shared_ptr<const vgg16::Weights> weights = vgg16::Weights::load("vgg16_weights_tf_..._notop.h5");
//   weights->save("vgg16.safetensors", vgg16::WeightsType::kF16, {});
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace vgg16 {

inline constexpr size_t kConvLayers = 13;

class __attribute__((visibility("hidden"))) NetworkCache;  // internal to the library

enum class WeightsType { kF32, kF16 };

struct SaveOptions {
  bool overwrite = false;
};

/// Immutable, checked weights: every tensor has the expected name, type and shape and only finite values. Safe to share
/// between threads. A weights file cannot refer to another file and cannot make the reader allocate more than VGG16's
/// weights need or the file's size justifies.
class Weights {
 public:
  /// Reads Keras' "notop" HDF5 file or this program's safetensors file, recognised by content.
  /// Throws Error{kNotFound, kIo, kRefused}.
  [[nodiscard]] static std::shared_ptr<const Weights> load(const std::filesystem::path& path);

  /// Weights in a safetensors file in memory. `bytes` must outlive the result; messages call it `name`. `sha256` is
  /// what sha256() will return if the caller knows it (hashing takes time), otherwise empty. Throws Error{kRefused}.
  [[nodiscard]] static std::shared_ptr<const Weights> from_safetensors(std::span<const std::byte> bytes,
                                                                       std::string_view name, std::string_view sha256);

  /// Random weights for tests and benchmarks: He-normal kernels and small biases, the same bits on every machine for
  /// the same seed.
  [[nodiscard]] static std::shared_ptr<const Weights> synthetic(uint64_t seed);

  Weights();
  virtual ~Weights();
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  /// Copies convolution `conv`'s kernel, (3, 3, ic, oc) row-major (HWIO), conv in 0..12 in network order.
  virtual void copy_kernel(size_t conv, float* out) const = 0;
  /// Copies convolution `conv`'s bias, (oc).
  virtual void copy_bias(size_t conv, float* out) const = 0;

  /// kF16 if every value is stored in, and so exactly representable in, half precision.
  [[nodiscard]] virtual WeightsType type() const = 0;
  /// The name of these weights for messages: the file's path, or "built-in weights".
  [[nodiscard]] virtual const std::string& name() const = 0;

  /// A digest of the values, the same for every file format: sha256 over the 26 tensors in network order (kernel, bias)
  /// as little-endian float32, kernels HWIO, in lower-case hex. Computed on first use. Thread-safe.
  [[nodiscard]] virtual const std::string& sha256() const = 0;

  /// Writes a safetensors file; kF16 rounds to nearest even. The file appears complete or not at all. Throws
  /// Error{kExists, kIo}, and kRefused if a value is too large for half precision.
  void save(const std::filesystem::path& path, WeightsType type, SaveOptions options) const;

  /// The prepared forms of these weights that extractors share. For the library's own use.
  [[nodiscard]] NetworkCache& networks() const { return *networks_; }

 private:
  std::unique_ptr<NetworkCache> networks_;
};

/// Name of convolution `conv` (0..12), such as "block1_conv1", and its channels in and out.
struct ConvShape {
  std::string_view name;
  int ic;
  int oc;
};
[[nodiscard]] ConvShape conv_shape(size_t conv);

}  // namespace vgg16
#pragma GCC visibility pop
