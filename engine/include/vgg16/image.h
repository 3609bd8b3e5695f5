// Pictures from bytes, as Pillow would read them.
//
//   auto image = vgg16::load_image("photo.jpg");
//   if (!image) return report(image.reason());
//   std::vector<uint8_t> pixels(224 * 224 * 3);
//   vgg16::resize_nearest(image.value(), 224, pixels.data());
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "vgg16/error.h"

namespace vgg16 {

/// uint8, (height, width, 3), RGB, row-major. Owns its pixels.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;
};

/// What a picture may cost at most. A picture over a limit is refused with a reason before it is decoded.
inline constexpr int64_t kMaxPictureBytes = 64 << 20;
inline constexpr int64_t kMaxPicturePixels = 50'000'000;
inline constexpr int kMaxPictureSide = 16'384;
/// What the decoder may hold at a time, beside the file and the pixels that it gives.
inline constexpr int64_t kMaxDecodeBytes = 12 * kMaxPicturePixels + (16 << 20);

/// The bytes of the picture file at `path`, read once: a regular file (links are followed, nothing blocks) of 1 to
/// kMaxPictureBytes bytes. Fails with a reason such as "empty file", "is a directory", "link to a missing file".
/// Throws Error{kIo} where no file could be opened: too many are open, no memory.
[[nodiscard]] Result<std::vector<std::byte>> read_picture(const std::filesystem::path& path);

/// Checks, without decoding, that `bytes` is a whole JPEG or PNG within the limits: kind, size, markers or chunks up to
/// the end. Pictures that pass can still fail to decode. Returns {height, width, no pixels}.
[[nodiscard]] Result<Image> inspect_image(std::span<const std::byte> bytes);

/// Decodes a JPEG or PNG, told apart by content, to RGB. JPEG pixels equal Pillow's bit for bit (libjpeg-turbo,
/// accurate DCT, fancy upsampling; CMYK and YCCK as Pillow converts them). Grey is repeated, alpha dropped, palettes
/// expanded, of 16-bit samples the high byte counts; EXIF rotation is ignored. A truncated or damaged picture fails
/// with a reason; JPEG data that is complete but holds an error that the format cannot show is decoded to what Pillow
/// makes of it. Thread-safe. Memory: 3 bytes a pixel, and while it decodes up to 8 more for a JPEG, 16 for a PNG, 32
/// for one of 16 bits, but never more than kMaxDecodeBytes.
/// Throws std::bad_alloc where the system has less.
[[nodiscard]] Result<Image> decode_image(std::span<const std::byte> bytes);

/// read_picture, then decode_image.
[[nodiscard]] Result<Image> load_image(const std::filesystem::path& path);

/// Resizes to (side, side, 3) by nearest neighbour without regard to aspect; out holds side * side * 3 bytes. The
/// source index is Pillow's, in double: s = in / side, x = s * 0.5, then floor(x), x += s per output (Geometry.c,
/// affine transform of Image.resize with NEAREST).
void resize_nearest(const Image& image, int side, uint8_t* out);

}  // namespace vgg16
