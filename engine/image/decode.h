// The decoders that decode_image and decode_resized call. Each gets a picture that the walk of its format (walk.h) has
// accepted.
#pragma once

#include <cstdint>
#include <string>

#include "image/jpeg_resizer.h"
#include "image/walk.h"
#include "vgg16/image.h"

namespace vgg16 {

[[nodiscard]] Result<Image> decode_jpeg(Bytes bytes, const JpegFrame& frame);
[[nodiscard]] Result<Image> decode_png(const PngParts& parts);

/// decode_resized() into `out`, which may be written in part if there is a reason why it cannot be done; otherwise
/// returns "". Keeps memory in `jpeg` for the next picture.
[[nodiscard]] std::string decode_resized(Bytes bytes, int side, JpegResizer& jpeg, uint8_t* out);

}  // namespace vgg16
