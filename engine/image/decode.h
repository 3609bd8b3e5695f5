// The two decoders that decode_image calls. Each gets a picture that the walk of its format (walk.h) has accepted.
#pragma once

#include "image/walk.h"
#include "vgg16/image.h"

namespace vgg16 {

[[nodiscard]] Result<Image> decode_jpeg(Bytes bytes, const JpegFrame& frame);
[[nodiscard]] Result<Image> decode_png(const PngParts& parts);

}  // namespace vgg16
