// Any bytes as a picture: refused with a reason, or decoded to the size that was announced; and the same pixels, or the
// same reason, where it is decoded and resized at once.
#include <cstdlib>
#include <span>
#include <vector>

#include "vgg16/image.h"
#include "vgg16/preprocess.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto inspected = vgg16::inspect_image(bytes);
  const auto decoded = vgg16::decode_image(bytes);
  const auto at_once = vgg16::decode_resized(bytes, vgg16::kInputSide);
  if (decoded.ok() != at_once.ok()) std::abort();
  if (!decoded) {
    if (decoded.reason() != at_once.reason()) std::abort();
    return 0;
  }
  const vgg16::Image& image = decoded.value();
  if (!inspected || inspected.value().height != image.height || inspected.value().width != image.width ||
      image.pixels.size() != size_t{3} * static_cast<size_t>(image.height) * static_cast<size_t>(image.width)) {
    std::abort();
  }
  std::vector<uint8_t> pixels(3 * vgg16::kInputSide * vgg16::kInputSide);
  vgg16::resize_nearest(image, vgg16::kInputSide, pixels.data());
  if (pixels != at_once.value().pixels) std::abort();
  return 0;
}
