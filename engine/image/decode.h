// The two decoders behind decode_image. Each takes what its walk has accepted.
#pragma once

#include "image/walk.h"
#include "vgg16/image.h"

namespace vgg16 {

[[nodiscard]] Result<Image> decode_jpeg(Bytes bytes, const JpegFrame& frame);
[[nodiscard]] Result<Image> decode_png(const PngParts& parts);

}  // namespace vgg16
