// Checks of a picture file from its first byte to its end, before a decoder sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vgg16/error.h"

namespace vgg16 {

using Bytes = std::span<const std::byte>;

/// What the frame header of a JPEG says.
struct JpegFrame {
  int height = 0;
  int width = 0;
  int components = 0;  ///< 1 (grey), 3 (colour) or 4 (CMYK, YCCK)
};

/// The parts of a PNG that determine its pixels. The spans point into the bytes that were passed to walk_png.
struct PngParts {
  int height = 0;
  int width = 0;
  int depth = 0;    ///< bits per sample
  int samples = 0;  ///< per pixel; an index into the palette is one
  bool interlaced = false;
  bool has_palette = false;
  Bytes palette;            ///< RGB triples; empty without a PLTE chunk
  std::vector<Bytes> data;  ///< the contents of every IDAT chunk; at least one byte in all
};

/// Follows the markers of a JPEG up to its end marker; bytes after it are ignored. Accepts baseline, extended and
/// progressive Huffman-coded frames of 8-bit samples (ITU-T T.81, table B.1) within the limits of image.h, whose scans
/// code every coefficient to its last bit. A stream of tables before the picture's is accepted.
[[nodiscard]] Result<JpegFrame> walk_jpeg(Bytes bytes);

/// Follows the chunks of a PNG up to IEND and checks the CRC of each (W3C PNG specification, chapter 5); bytes after
/// IEND and the contents of chunks that do not change the pixels are ignored.
[[nodiscard]] Result<PngParts> walk_png(Bytes bytes);

/// The reason why a file of this many bytes is refused, or "".
[[nodiscard]] std::string refused_bytes(int64_t size_bytes);

/// The reason why a picture of this size is refused, or "".
[[nodiscard]] std::string refused_size(int64_t width, int64_t height);

/// Big-endian numbers, as both formats use. The caller must have checked that the bytes exist.
[[nodiscard]] inline uint8_t byte_at(Bytes bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }
[[nodiscard]] inline uint32_t read_u16(Bytes bytes, size_t at) {
  return uint32_t{byte_at(bytes, at)} << 8U | byte_at(bytes, at + 1);
}
[[nodiscard]] inline uint32_t read_u32(Bytes bytes, size_t at) {
  return read_u16(bytes, at) << 16U | read_u16(bytes, at + 2);
}

}  // namespace vgg16
