// The decoders that decode_image and decode_resized call. Each gets a picture that the walk of its format (walk.h) has
// accepted.
#pragma once

#include "image/walk.h"
#include "vgg16/image.h"

namespace vgg16 {

[[nodiscard]] Result<Image> decode_jpeg(Bytes bytes, const JpegFrame& frame);
/// decode_jpeg, then resize_nearest, but only the pixels of the result are computed: coefficients and planes are
/// libjpeg's, what follows is done at these pixels (jpeg_planes.h). Holds two bands of the picture, not all of it; of a
/// picture of several scans all coefficients.
[[nodiscard]] Result<Image> decode_jpeg_resized(Bytes bytes, const JpegFrame& frame, int side);

/// The same picture resized by resize_nearest; a failure stays as it is.
[[nodiscard]] Result<Image> resized(const Result<Image>& whole, int side);

[[nodiscard]] Result<Image> decode_png(const PngParts& parts);

}  // namespace vgg16
