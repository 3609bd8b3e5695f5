#include "image/decode.h"
#include "image/jpeg_decompressor.h"
#include "image/jpeg_planes.h"

namespace vgg16 {
namespace {

// From 4 samples per pixel to 3, in place.
void cmyk_to_rgb(std::vector<uint8_t>& pixels) {
  const size_t count = pixels.size() / 4;
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) pixels[3 * i + c] = without_black(pixels[4 * i + c], pixels[4 * i + 3]);
  }
  pixels.resize(3 * count);
}

}  // namespace

Result<Image> decode_jpeg(Bytes bytes, const JpegFrame& frame) {
  JpegDecompressor decompressor;
  const auto failed = [&] { return Result<Image>::failure(decompressor.reason()); };
  if (!decompressor.read_header(bytes, frame) || !decompressor.start(JpegOutput::kPixels)) return failed();
  Image image{frame.height, frame.width, {}};
  // Four samples for CMYK, converted to three in place.
  const size_t row_bytes = (frame.components == 4 ? 4 : 3) * static_cast<size_t>(frame.width);
  image.pixels.resize(row_bytes * static_cast<size_t>(frame.height));
  for (int y = 0; y < frame.height; ++y) {
    if (!decompressor.read_row(image.pixels.data() + static_cast<size_t>(y) * row_bytes)) return failed();
  }
  if (!decompressor.finish()) return failed();
  if (frame.components == 4) cmyk_to_rgb(image.pixels);
  return image;
}

}  // namespace vgg16
