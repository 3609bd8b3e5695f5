// The layers of VGG16 up to block5_pool, by Keras' names.
//
//   size_t last = vgg16::layer_index("block4_pool");
//   int64_t columns = vgg16::feature_columns(last, vgg16::Pool::kNone);   // 14 * 14 * 512
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vgg16/tensor.h"

#pragma GCC visibility push(default)
namespace vgg16 {

enum class Op { kConv3x3, kMaxPool2x2 };

/// One row of the network's table. A convolution is 3x3, stride 1, zero padding 1, followed by ReLU.
struct LayerSpec {
  std::string_view name;
  Op op;
  int channels;  ///< of the output
};

/// Pooling of a layer's output over its positions: none (the row is h * w * c numbers), their mean or maximum (c
/// numbers), or the means of four windows (4 * c numbers, in the order of (2, 2, c)). The windows divide rows and
/// columns as PyTorch's AdaptiveAvgPool2d(2) does: 0 to 3 and 3 to 6 of 7, halves of an even number.
enum class Pool { kNone, kAvg, kMax, k2x2 };
/// What they are called, in the same order, and as a sentence lists them.
inline constexpr std::array<std::string_view, 4> kPoolNames = {"none", "avg", "max", "2x2"};
inline constexpr std::string_view kPoolChoices = "none, avg, max or 2x2";

/// Shape of a layer's output (n, h, w, c) once it is pooled.
constexpr Shape4 pooled_shape(Shape4 layer, Pool pool) {
  if (pool == Pool::kNone) return layer;
  const int side = pool == Pool::k2x2 ? 2 : 1;
  return {layer.n, side, side, layer.c};
}

/// Index of the layer called `name` in the network's order, 0 (block1_conv1) to 17 (block5_pool).
/// Throws Error{kInvalidArgument}, which suggests the layer with the most similar name.
[[nodiscard]] size_t layer_index(std::string_view name);

[[nodiscard]] std::string_view layer_name(size_t index);

/// The layer that other programs call `name`, under the name that this library's files have: Keras' name itself,
/// Caffe's (conv5_3, pool5) or torchvision's (features.30). Convolutions are taken after their ReLU, so of
/// torchvision's two indices for one the second is meant; the first is refused with that remedy. Throws
/// Error{kInvalidArgument}.
[[nodiscard]] std::string_view layer_name_from(std::string_view name);

/// Numbers in the row of a picture if the network ends after layer `index` and `pool` is applied to its output.
[[nodiscard]] int64_t feature_columns(size_t index, Pool pool);

/// One of kPoolNames, and back; pool_from_name throws Error{kInvalidArgument}.
[[nodiscard]] std::string_view pool_name(Pool pool);
[[nodiscard]] Pool pool_from_name(std::string_view name);

}  // namespace vgg16
#pragma GCC visibility pop
