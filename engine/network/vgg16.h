// VGG16's layers as a constexpr table, and the shapes and counts that follow from it. Simonyan and Zisserman,
// arXiv:1409.1556, table 1, column D, without the fully connected layers. Layer names are Keras'.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vgg16/layer.h"
#include "vgg16/preprocess.h"
#include "vgg16/tensor.h"

namespace vgg16 {

inline constexpr std::array<LayerSpec, 18> kVgg16 = {{
    {"block1_conv1", Op::kConv3x3, 64},
    {"block1_conv2", Op::kConv3x3, 64},
    {"block1_pool", Op::kMaxPool2x2, 64},
    {"block2_conv1", Op::kConv3x3, 128},
    {"block2_conv2", Op::kConv3x3, 128},
    {"block2_pool", Op::kMaxPool2x2, 128},
    {"block3_conv1", Op::kConv3x3, 256},
    {"block3_conv2", Op::kConv3x3, 256},
    {"block3_conv3", Op::kConv3x3, 256},
    {"block3_pool", Op::kMaxPool2x2, 256},
    {"block4_conv1", Op::kConv3x3, 512},
    {"block4_conv2", Op::kConv3x3, 512},
    {"block4_conv3", Op::kConv3x3, 512},
    {"block4_pool", Op::kMaxPool2x2, 512},
    {"block5_conv1", Op::kConv3x3, 512},
    {"block5_conv2", Op::kConv3x3, 512},
    {"block5_conv3", Op::kConv3x3, 512},
    {"block5_pool", Op::kMaxPool2x2, 512},
}};

/// Shape of layer `index`'s output for n pictures.
constexpr Shape4 output_shape(size_t index, int n) {
  int side = kInputSide;
  for (size_t i = 0; i <= index; ++i) {
    if (kVgg16[i].op == Op::kMaxPool2x2) side /= 2;
  }
  return {n, side, side, kVgg16[index].channels};
}

/// Shape of layer `index`'s input for n pictures.
constexpr Shape4 input_shape(size_t index, int n) {
  return index == 0 ? Shape4{n, kInputSide, kInputSide, 3} : output_shape(index - 1, n);
}

/// Where a forward pass ends: after layer `layer`, whose output is then pooled over its positions, or not.
struct Stop {
  size_t layer = kVgg16.size() - 1;
  Pool pool = Pool::kNone;
  friend constexpr bool operator==(const Stop& a, const Stop& b) { return a.layer == b.layer && a.pool == b.pool; }
};

/// Shape of the features of n pictures: (n, h, w, c) of the layer's output, or what its pooling leaves of it.
constexpr Shape4 features_shape(Stop stop, int n) { return pooled_shape(output_shape(stop.layer, n), stop.pool); }

constexpr bool is_conv(size_t index) { return kVgg16[index].op == Op::kConv3x3; }

/// The number of convolutions before layer `index`. If that layer is a convolution, this is the index of its weights.
constexpr size_t conv_index(size_t index) {
  size_t count = 0;
  for (size_t i = 0; i < index; ++i) count += is_conv(i) ? 1 : 0;
  return count;
}

constexpr int64_t parameter_count() {
  int64_t count = 0;
  for (size_t i = 0; i < kVgg16.size(); ++i) {
    if (is_conv(i)) count += (int64_t{9} * input_shape(i, 1).c + 1) * kVgg16[i].channels;
  }
  return count;
}

/// Multiply-adds of the convolutions for one picture.
constexpr int64_t multiply_adds() {
  int64_t count = 0;
  for (size_t i = 0; i < kVgg16.size(); ++i) {
    if (is_conv(i)) count += output_shape(i, 1).count() * 9 * input_shape(i, 1).c;
  }
  return count;
}

// Published counts: a mistyped row of the table does not compile.
static_assert(parameter_count() == 14'714'688);
static_assert(multiply_adds() == 15'346'630'656);
static_assert(output_shape(17, 1) == Shape4{1, 7, 7, 512});

}  // namespace vgg16
