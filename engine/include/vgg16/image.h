// Reading, checking, decoding and resizing pictures, with the pixels that Pillow would give.
//
//   auto image = vgg16::load_resized("photo.jpg", 224);
//   if (!image) return report(image.reason());
//   use(image.value().pixels);                           // uint8 (224, 224, 3), RGB
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "vgg16/error.h"

#pragma GCC visibility push(default)
namespace vgg16 {

/// uint8, (height, width, 3), RGB, row-major. Owns its pixels.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;
};

/// What the bytes of a Picture are: a JPEG or PNG file's, the path of one, or pixels of one byte per channel in this
/// order, where alpha is dropped and grey repeated.
enum class PictureFormat { kEncoded, kPath, kRgb, kBgr, kRgba, kBgra, kGrey };

/// A view of a picture of any size. The bytes must be valid during the call.
struct Picture {
  std::span<const std::byte> bytes = {};
  PictureFormat format = PictureFormat::kEncoded;
  // Of pixels only:
  int height = 0;
  int width = 0;
  int64_t stride = 0;  ///< bytes from the start of a row to that of the next; 0: no gaps between rows
};

/// Limits, so that one hostile or broken file cannot take the memory or time of a whole run. A picture over a limit is
/// refused, with a reason, before it is decoded.
inline constexpr int64_t kMaxPictureBytes = 64 << 20;
inline constexpr int64_t kMaxPicturePixels = 50'000'000;
inline constexpr int kMaxPictureSide = 16'384;

/// The bytes of the file at `path`, which must be a regular file (or a link to one) of 1 to kMaxPictureBytes bytes;
/// never waits for a pipe. Fails with a reason such as "empty file", "is a directory", "link to a missing file". Throws
/// Error{kIo} if the reason is not the file: too many files are open, or there is no memory.
[[nodiscard]] Result<std::vector<std::byte>> read_picture(const std::filesystem::path& path);

/// The format of a picture that begins with `start`, of which 512 bytes are enough: "JPEG", "PNG", or one that is
/// recognised but cannot be decoded, "GIF", "BMP", "TIFF", "WebP", "AVIF", "HEIC", "JPEG 2000", "JPEG XL". Empty if it
/// is no picture.
[[nodiscard]] std::string_view picture_format(std::span<const std::byte> start);

/// picture_format() of the first bytes of the file at `path`. Empty also if it is not a regular file or cannot be read;
/// never waits for a pipe. Throws as read_picture().
[[nodiscard]] std::string_view picture_format_of_file(const std::filesystem::path& path);

/// Checks, without decoding, that `bytes` is a complete JPEG or PNG within the limits, by following its markers or
/// chunks to the end. A picture that passes can still fail to decode. Returns an Image with height and width but no
/// pixels.
[[nodiscard]] Result<Image> inspect_image(std::span<const std::byte> bytes);

/// Decodes a JPEG or PNG, recognised by content, to RGB. JPEG pixels equal Pillow's bit for bit (libjpeg-turbo,
/// accurate DCT, fancy upsampling; CMYK and YCCK converted as Pillow does). Grey is repeated, alpha dropped, palettes
/// expanded; of 16-bit samples the high byte is taken; EXIF rotation is ignored. A truncated or damaged picture fails
/// with a reason. JPEG has no checksum, so damage that still decodes gives the pixels that Pillow gives. A PNG is
/// complete once all its rows are there; if its compressed data ends as well, its checksum must match. Thread-safe.
/// Takes 3 bytes per pixel for the result and, while decoding, up to 8 more for a JPEG, and for a PNG as many as its
/// rows have before they are compressed: up to 8 more and one for each row, whatever the data would expand to. Throws
/// std::bad_alloc if the system has less.
[[nodiscard]] Result<Image> decode_image(std::span<const std::byte> bytes);

/// decode_image, then resize_nearest to (side, side): the same pixels or the same reason. Of a JPEG only the pixels
/// that resizing copies are computed, which takes two thirds of the time or less and, if it has one scan, no memory
/// that grows with its height. Thread-safe. Throws Error{kInvalidArgument} if side is below 1, and std::bad_alloc.
[[nodiscard]] Result<Image> decode_resized(std::span<const std::byte> bytes, int side);

/// read_picture, then decode_image.
[[nodiscard]] Result<Image> load_image(const std::filesystem::path& path);

/// read_picture, then decode_resized.
[[nodiscard]] Result<Image> load_resized(const std::filesystem::path& path, int side);

/// A baseline JPEG of the picture, 4:2:0, with libjpeg-turbo's tables for `quality` from 1 to 100. Thread-safe. Throws
/// Error{kShape} if the sides are not 1 to kMaxPictureSide or the pixels not 3 bytes each, Error{kInvalidArgument} for
/// another quality, and std::bad_alloc.
[[nodiscard]] std::vector<std::byte> encode_jpeg(const Image& image, int quality);

/// Resizes to (side, side, 3) by nearest neighbour, ignoring the aspect ratio; `out` has room for side * side * 3
/// bytes. Source indices are Pillow's, in double: s = in / side, x = s * 0.5, then per output floor(x), x += s
/// (Geometry.c, affine transform of Image.resize with NEAREST). The closed formula floor((i + 0.5) * s) differs at some
/// sizes.
void resize_nearest(const Image& image, int side, uint8_t* out);

/// Resizes one picture after another, and keeps its memory for the next one, a few MB at most. One thread at a time.
class PictureResizer {
 public:
  PictureResizer();
  ~PictureResizer();
  PictureResizer(PictureResizer&&) noexcept;
  PictureResizer& operator=(PictureResizer&&) noexcept;

  /// resize_nearest of pixels, whose format is converted to RGB, and of files what load_resized and decode_resized
  /// give. Allocates nothing for pixels. Of a JPEG in memory, after the first one as wide, only libjpeg-turbo itself
  /// allocates (twice for a baseline picture), and releases all of that before the call ends; a PNG, and a JPEG whose
  /// sampling factors do not divide the largest, are decoded as a whole and take memory for all pixels. Throws
  /// Error{kShape} if pixels are missing, their stride is shorter than a row or the bytes end before the last one;
  /// Error{kRefused} with the reason why a file cannot be read or decoded, when `out` may be written in part; and what
  /// load_resized throws.
  void resize(const Picture& picture, int side, uint8_t* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vgg16
#pragma GCC visibility pop
