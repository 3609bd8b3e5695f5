#include "vgg16/layer.h"

#include <algorithm>
#include <array>
#include <string>

#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {
size_t layer_index(std::string_view name) {
  const auto found = std::find_if(kVgg16.begin(), kVgg16.end(), [&](const LayerSpec& l) { return l.name == name; });
  if (found != kVgg16.end()) return static_cast<size_t>(found - kVgg16.begin());
  std::array<std::string_view, kVgg16.size()> names;
  std::transform(kVgg16.begin(), kVgg16.end(), names.begin(), [](const LayerSpec& layer) { return layer.name; });
  // A suggestion for a mistyped name.
  const std::string_view nearest = nearest_name(name, names);
  throw Error(ErrorCode::kInvalidArgument, "no layer is called \"" + printable(name) + "\"" +
                                               (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?") +
                                               " (block1_conv1 to block5_pool)");
}

std::string_view layer_name(size_t index) {
  require(index < kVgg16.size(), ErrorCode::kInvalidArgument,
          "layer index " + std::to_string(index) + ", expected 0 to " + std::to_string(kVgg16.size() - 1));
  return kVgg16[index].name;
}

std::string_view layer_name_from(std::string_view name) {
  int block = 1;
  int in_block = 0;
  int of_torchvision = 0;
  for (const LayerSpec& layer : kVgg16) {
    const bool conv = layer.op == Op::kConv3x3;
    const std::string caffe =
        conv ? "conv" + std::to_string(block) + "_" + std::to_string(++in_block) : "pool" + std::to_string(block);
    const std::string before_relu = "features." + std::to_string(of_torchvision);
    if (conv) ++of_torchvision;
    const std::string torchvision = "features." + std::to_string(of_torchvision);
    if (name == layer.name || name == caffe || name == torchvision) return layer.name;
    require(name != before_relu, ErrorCode::kInvalidArgument,
            before_relu + " is " + std::string(layer.name) + " before its ReLU, which cannot be stored; " +
                torchvision + " is after it");
    ++of_torchvision;
    if (!conv) ++block, in_block = 0;
  }
  return layer_name(layer_index(name));  // throws, with the nearest name
}

int64_t feature_columns(size_t index, Pool pool) {
  static_cast<void>(layer_name(index));  // throws if there is no such layer
  return pooled_shape(output_shape(index, 1), pool).count();
}

std::string_view pool_name(Pool pool) { return kPoolNames[static_cast<size_t>(pool)]; }

Pool pool_from_name(std::string_view name) {
  const auto found = std::find(kPoolNames.begin(), kPoolNames.end(), name);
  require(found != kPoolNames.end(), ErrorCode::kInvalidArgument,
          "pooling \"" + printable(name) + "\", expected " + std::string(kPoolChoices));
  return static_cast<Pool>(found - kPoolNames.begin());
}

}  // namespace vgg16
