#include "backend/cuda_network.h"

#include <cstddef>
#include <vector>

#include "kernels/conv3x3_filter.h"
#include "kernels/convert.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// The oldest compute capability that this build has code for: the first with bfloat16 and TF32.
constexpr int kOldestArchitecture = 80;

}  // namespace

CudaPrecision cuda_precision_from_name(std::string_view name) {
  if (name == "f32") return CudaPrecision::kF32;
  if (name == "tf32") return CudaPrecision::kTf32;
  if (name == "f16") return CudaPrecision::kF16;
  if (name == "bf16") return CudaPrecision::kBf16;
  throw Error(ErrorCode::kInvalidArgument, "precision \"" + printable(name) + "\", expected f32, tf32, f16 or bf16");
}

std::shared_ptr<const CudaNetwork> prepare_cuda_network(const Weights& weights, const CudaDevice& device,
                                                        CudaPrecision precision, size_t last_layer,
                                                        std::span<const CudnnTableEntry> engines) {
  require(device.architecture >= kOldestArchitecture, ErrorCode::kDevice,
          describe(device) + ": this build has code for sm_" + std::to_string(kOldestArchitecture) +
              " (A100) and newer GPUs; use --device cpu");
  const CurrentDevice current(device.index);
  // For the conversion of the biases.
  const Stream stream;
  const ElementType type = element_type(precision);
  const FilterRounding rounding = precision == CudaPrecision::kTf32 ? FilterRounding::kTf32 : FilterRounding::kNone;
  auto network = std::make_shared<CudaNetwork>();
  network->device = device;
  network->precision = precision;
  network->last_layer = last_layer;
  network->engines = engines;
  std::vector<float> values;
  std::vector<std::byte> packed;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    if (!is_conv(layer)) continue;
    const size_t conv = conv_index(layer);
    const auto [name, ic, oc] = conv_shape(conv);
    const int ic_padded = conv == 0 ? input_channels(precision) : ic;
    values.resize(static_cast<size_t>(9) * ic * oc);
    weights.copy_kernel(conv, values.data());
    packed.resize(static_cast<size_t>(packed_filter_count(ic_padded, oc) * element_bytes(type)));
    pack_filter(values.data(), ic, oc, ic_padded, type, rounding, packed.data());
    network->kernels[conv] = DeviceBuffer(static_cast<int64_t>(packed.size()));
    network->kernels[conv].upload(packed.data(), network->kernels[conv].size_bytes());

    weights.copy_bias(conv, values.data());
    network->biases[conv] = DeviceBuffer(int64_t{oc} * 4);
    network->biases[conv].upload(values.data(), network->biases[conv].size_bytes());
    network->rounded_biases[conv] = DeviceBuffer(int64_t{oc} * element_bytes(type));
    convert_cuda({network->biases[conv].data(), {1, 1, 1, oc}, ElementType::kF32},
                 {network->rounded_biases[conv].data(), {1, 1, 1, oc}, type}, stream.get());
    stream.synchronize();
  }
  return network;
}

}  // namespace vgg16
