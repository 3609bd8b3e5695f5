#include <zlib.h>

#include <string_view>

#include "image/walk.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr size_t kChunkBytes = 12;  // length and type before the data, CRC after it

std::string_view type_at(Bytes bytes, size_t at) { return {reinterpret_cast<const char*>(bytes.data()) + at, 4}; }

// zlib's CRC-32 is the one that PNG uses.
uint32_t crc_of(Bytes bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
}

// The bit depths that each colour type may have (W3C PNG specification, table 11.1).
bool known_depth(int colour, int depth) {
  switch (colour) {
    case 0:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

// Samples per pixel of a colour type; an index into a palette is one.
int samples_of(int colour) { return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1; }

// The reason why this IHDR is refused, or "".
std::string read_header(Bytes header, PngParts& parts) {
  if (header.size() != 13) return "damaged: its header has the wrong length";
  const int64_t width = read_u32(header, 0);
  const int64_t height = read_u32(header, 4);
  std::string reason = refused_size(width, height);
  if (!reason.empty()) return reason;
  const int colour = byte_at(header, 9);
  parts.depth = byte_at(header, 8);
  if (!known_depth(colour, parts.depth) || byte_at(header, 10) != 0 || byte_at(header, 11) != 0 ||
      byte_at(header, 12) > 1) {
    return "damaged: its header has an unknown colour type, bit depth or method";
  }
  parts.width = static_cast<int>(width);
  parts.height = static_cast<int>(height);
  parts.interlaced = byte_at(header, 12) == 1;
  parts.has_palette = colour == 3;
  parts.samples = samples_of(colour);
  return "";
}

}  // namespace

Result<PngParts> walk_png(Bytes bytes) {
  const auto refused = [](std::string reason) { return Result<PngParts>::failure(std::move(reason)); };
  PngParts parts;
  size_t data_bytes = 0;
  std::string_view previous;
  for (size_t at = kSignatureBytes; bytes.size() - at >= kChunkBytes;) {
    const size_t length = read_u32(bytes, at);
    const std::string_view type = type_at(bytes, at + 4);
    if (previous.empty() && type == "CgBI") {
      return refused(
          "Apple's CgBI PNG, as Xcode makes, is not supported; convert it with "
          "xcrun -sdk iphoneos pngcrush -revert-iphone-optimizations IN OUT");
    }
    if (previous.empty() && type != "IHDR") return refused("damaged: does not begin with its header");
    // Written as a subtraction: at + length could overflow.
    if (length > bytes.size() - at - kChunkBytes) break;
    // The CRC covers type and data.
    if (crc_of(bytes.subspan(at + 4, 4 + length)) != read_u32(bytes, at + 8 + length)) {
      return refused("damaged: a checksum does not match");
    }
    const Bytes data = bytes.subspan(at + 8, length);
    at += kChunkBytes + length;
    if (type == "IHDR") {
      if (!previous.empty()) return refused("damaged: two headers");
      std::string reason = read_header(data, parts);
      if (!reason.empty()) return refused(std::move(reason));
    } else if (type == "PLTE" && parts.data.empty()) {
      if (length % 3 != 0 || length > 768) return refused("damaged: its palette has the wrong length");
      parts.palette = data;
    } else if (type == "IDAT") {
      if (!parts.data.empty() && previous != "IDAT") return refused("damaged: its picture data is interrupted");
      parts.data.push_back(data);
      data_bytes += length;
    } else if (type == "IEND") {
      if (data_bytes == 0) return refused("damaged: holds no picture data");
      if (parts.has_palette && parts.palette.empty()) return refused("damaged: its palette is missing");
      return parts;
    }
    previous = type;
  }
  return refused("truncated: ends before its last chunk");
}

}  // namespace vgg16
