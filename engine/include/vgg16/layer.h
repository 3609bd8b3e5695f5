// The layers of VGG16's convolution part, by the names that Keras gave them.
//
//   size_t last = vgg16::layer_index("block4_pool");
//   int64_t columns = vgg16::feature_columns(last, vgg16::Pool::kNone);   // 14 * 14 * 512
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vgg16 {

enum class Op { kConv3x3, kMaxPool2x2 };

/// One row of the network's table. A convolution is 3x3, stride 1, zero padding 1, followed by ReLU.
struct LayerSpec {
  std::string_view name;
  Op op;
  int channels;  ///< of the output
};

/// What is done with a layer's output over its positions before it becomes a row: nothing, the mean, or the maximum.
enum class Pool { kNone, kAvg, kMax };

/// Index of the layer called `name` in the network's order, 0 (block1_conv1) to 17 (block5_pool).
/// Throws Error{kInvalidArgument} naming the nearest layer.
[[nodiscard]] size_t layer_index(std::string_view name);

[[nodiscard]] std::string_view layer_name(size_t index);

/// Numbers in one row when the network stops at layer `index` and `pool` is applied.
[[nodiscard]] int64_t feature_columns(size_t index, Pool pool);

/// "none", "avg" or "max", and back; pool_from_name throws Error{kInvalidArgument}.
[[nodiscard]] std::string_view pool_name(Pool pool);
[[nodiscard]] Pool pool_from_name(std::string_view name);

}  // namespace vgg16
