#include "vgg16/weights.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <vector>

#include "files/files.h"
#include "hdf5/h5_file.h"
#include "network/network_cache.h"
#include "network/vgg16.h"
#include "vgg16/error.h"
#include "vocabulary/file_kind.h"
#include "vocabulary/floating_point.h"
#include "vocabulary/half.h"
#include "weights/sha256.h"
#include "weights/tensor_weights.h"

namespace vgg16 {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian and read in place");

/// The limit for safetensors files, which are read completely: the whole VGG16 in float32 is 553 MB.
constexpr size_t kMaxWeightsBytes = size_t{1} << 30;

// Infinities and NaN have all exponent bits set. Bits, not isfinite(), because the values may be half precision.
template <class Unit>
size_t count_not_finite(std::span<const std::byte> bytes, Unit exponent_mask) {
  size_t count = 0;
  for (size_t i = 0; i + sizeof(Unit) <= bytes.size(); i += sizeof(Unit)) {
    Unit unit;
    std::memcpy(&unit, bytes.data() + i, sizeof unit);
    count += (unit & exponent_mask) == exponent_mask ? 1 : 0;
  }
  return count;
}

void copy_floats(std::span<const std::byte> bytes, WeightsType type, float* out) {
  if (type == WeightsType::kF32) {
    std::memcpy(out, bytes.data(), bytes.size());
    return;
  }
  for (size_t i = 0; i < bytes.size() / 2; ++i) {
    uint16_t half = 0;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    out[i] = half_to_float(half);
  }
}

}  // namespace

// From the table of the network, so that shapes are defined in one place.
ConvShape conv_shape(size_t conv) {
  for (size_t i = 0; i < kVgg16.size(); ++i) {
    if (is_conv(i) && conv_index(i) == conv) return {kVgg16[i].name, input_shape(i, 1).c, kVgg16[i].channels};
  }
  throw Error(ErrorCode::kInvalidArgument, "convolution " + std::to_string(conv) + ", expected 0 to 12");
}

Weights::Weights() : networks_(std::make_unique<NetworkCache>()) {}
Weights::~Weights() = default;

TensorWeights::TensorWeights(std::array<ConvTensors, kConvLayers> tensors, WeightsType type, std::string name,
                             std::string sha256, std::shared_ptr<const void> owner)
    : tensors_(tensors), type_(type), name_(std::move(name)), owner_(std::move(owner)), sha256_(std::move(sha256)) {
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    for (const auto& [bytes, part] : {std::pair(tensors_[conv].kernel, "/kernel"), {tensors_[conv].bias, "/bias"}}) {
      const size_t bad = type_ == WeightsType::kF32 ? count_not_finite<uint32_t>(bytes, 0x7F800000U)
                                                    : count_not_finite<uint16_t>(bytes, uint16_t{0x7C00});
      if (bad > 0) {
        throw Error(ErrorCode::kRefused, std::string(conv_shape(conv).name) + part + " in " + name_ + ": " +
                                             std::to_string(bad) + " values are not finite");
      }
    }
  }
}

void TensorWeights::copy_kernel(size_t conv, float* out) const { copy_floats(tensors_.at(conv).kernel, type_, out); }

void TensorWeights::copy_bias(size_t conv, float* out) const { copy_floats(tensors_.at(conv).bias, type_, out); }

const std::string& TensorWeights::sha256() const {
  // Not std::call_once: its implementation runs the function inside the C library's pthread_once, and an exception that
  // passes through that aborts a program linked with -static-libgcc.
  const std::lock_guard lock(digest_mutex_);
  if (sha256_.empty()) {
    Sha256 digest;
    std::vector<float> values;
    for (size_t conv = 0; conv < kConvLayers; ++conv) {
      const ConvShape shape = conv_shape(conv);
      values.resize(kernel_count(shape) + static_cast<size_t>(shape.oc));
      copy_kernel(conv, values.data());
      copy_bias(conv, values.data() + kernel_count(shape));
      // Always over float32, so that the digest is the same for F16 and F32 files with equal values.
      digest.update(std::as_bytes(std::span(values)));
    }
    sha256_ = digest.hex_digest();
  }
  return sha256_;
}

std::shared_ptr<const Weights> Weights::load(const std::filesystem::path& path) {
  const StandardFloatingPoint mode;
  // The kind is recognised by the first bytes, not by the name: weights files are often renamed.
  const PosixFile file = open_regular_file(path);
  const FileKind kind = h5_or_other_kind(file);
  if (kind == FileKind::kHdf5) return read_keras_h5(path);
  if (kind != FileKind::kSafetensors) {
    // `info` shows this for files that may be features or a model as well: all of them are of these kinds.
    throw Error(ErrorCode::kRefused, file.name() + " " + wrong_kind(kind, "an HDF5 (.h5) or safetensors file"));
  }
  const auto bytes = std::make_shared<const std::vector<std::byte>>(read_whole(file, kMaxWeightsBytes));
  return read_safetensors(*bytes, file.name(), "", bytes);
}

}  // namespace vgg16
