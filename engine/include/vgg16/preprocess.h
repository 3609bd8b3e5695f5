// The constants that turn a picture into the network's input. Features and model files record them as kPreprocessing.
#pragma once

#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)
namespace vgg16 {

/// Side of the network's input, in pixels.
inline constexpr int kInputSide = 224;

/// Bytes of one picture as the network takes it: uint8, (224, 224, 3), RGB.
inline constexpr int64_t kPictureBytes = int64_t{kInputSide} * kInputSide * 3;

/// Subtracted from the channels in BGR order, the ImageNet mean that VGG16 was trained with (arXiv:1409.1556,
/// section 2.1; values as Keras' preprocess_input in "caffe" mode).
inline constexpr float kMeanBgr[3] = {103.939F, 116.779F, 123.68F};

/// The name of this preprocessing in files: Pillow's nearest-neighbour resize to 224 x 224 ignoring the aspect ratio,
/// BGR, minus kMeanBgr, not scaled.
inline constexpr std::string_view kPreprocessing = "keras-nearest-224-bgr-mean";

}  // namespace vgg16
#pragma GCC visibility pop
