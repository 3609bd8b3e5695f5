// Reading and writing weights as safetensors: block1_conv1/kernel (HWIO), block1_conv1/bias, ...; all tensors F32 or
// all F16.
#include "safetensors/safetensors.h"

#include <utility>
#include <vector>

#include "vgg16/error.h"
#include "vocabulary/floating_point.h"
#include "vocabulary/half.h"
#include "vocabulary/shape_text.h"
#include "weights/tensor_weights.h"

namespace vgg16 {
namespace {

const TensorView& find(const SafetensorsView& file, const std::string& tensor, const std::vector<int64_t>& expected,
                       std::string_view dtype, std::string_view name) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::kRefused, tensor + " in " + std::string(name) + ": " + what);
  };
  const auto found = file.tensors.find(tensor);
  if (found == file.tensors.end()) refuse("missing; are these VGG16's weights?");
  const TensorView& view = found->second;
  if (view.shape != expected) refuse("shape " + shape_text(view.shape) + ", expected " + shape_text(expected));
  if (view.dtype != dtype)
    refuse("type " + view.dtype + ", expected " + std::string(dtype) + " as in the other tensors");
  return view;
}

}  // namespace

std::shared_ptr<const Weights> Weights::from_safetensors(std::span<const std::byte> bytes, std::string_view name,
                                                         std::string_view sha256) {
  const StandardFloatingPoint mode;
  return read_safetensors(bytes, name, sha256, nullptr);
}

std::shared_ptr<const Weights> read_safetensors(std::span<const std::byte> bytes, std::string_view name,
                                                std::string_view sha256, std::shared_ptr<const void> owner) {
  const SafetensorsView file = parse_safetensors(bytes, name);
  const auto first = file.tensors.find("block1_conv1/kernel");
  // The type of the first tensor; all others must have the same.
  const bool half = first != file.tensors.end() && first->second.dtype == "F16";
  const std::string_view dtype = half ? "F16" : "F32";
  std::array<ConvTensors, kConvLayers> tensors;
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    const ConvShape shape = conv_shape(conv);
    const std::string layer(shape.name);
    tensors[conv].kernel = find(file, layer + "/kernel", {3, 3, shape.ic, shape.oc}, dtype, name).bytes;
    tensors[conv].bias = find(file, layer + "/bias", {shape.oc}, dtype, name).bytes;
  }
  return std::make_shared<TensorWeights>(tensors, half ? WeightsType::kF16 : WeightsType::kF32, std::string(name),
                                         std::string(sha256), std::move(owner));
}

void Weights::save(const std::filesystem::path& path, WeightsType type, SaveOptions options) const {
  const StandardFloatingPoint mode;
  std::vector<std::vector<std::byte>> buffers;
  std::vector<TensorToWrite> tensors;
  const auto add = [&](const std::string& tensor, std::vector<int64_t> shape, const std::vector<float>& values) {
    std::vector<std::byte> buffer;
    if (type == WeightsType::kF32) {
      const auto bytes = std::as_bytes(std::span(values));
      buffer.assign(bytes.begin(), bytes.end());
    } else {
      std::vector<uint16_t> halves(values.size());
      for (size_t i = 0; i < values.size(); ++i) {
        halves[i] = float_to_half(values[i]);
        if (halves[i] == kHalfOverflow) {
          throw Error(ErrorCode::kRefused, tensor + " in " + name() + ": a value does not fit half precision");
        }
      }
      const auto bytes = std::as_bytes(std::span(halves));
      buffer.assign(bytes.begin(), bytes.end());
    }
    buffers.push_back(std::move(buffer));
    tensors.push_back({tensor, type == WeightsType::kF32 ? "F32" : "F16", std::move(shape), buffers.back()});
  };
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    const ConvShape shape = conv_shape(conv);
    std::vector<float> kernel(kernel_count(shape));
    std::vector<float> bias(static_cast<size_t>(shape.oc));
    copy_kernel(conv, kernel.data());
    copy_bias(conv, bias.data());
    add(std::string(shape.name) + "/kernel", {3, 3, shape.ic, shape.oc}, kernel);
    add(std::string(shape.name) + "/bias", {shape.oc}, bias);
  }
  const std::map<std::string, std::string, std::less<>> metadata = {
      {"format", "VGG16 convolution weights, kernels HWIO"},
      {"source", "K. Simonyan and A. Zisserman, Visual Geometry Group, University of Oxford; converted by Keras"},
      {"licence", "CC BY 4.0"}};
  write_safetensors(path, tensors, metadata, options.overwrite);
}

}  // namespace vgg16
