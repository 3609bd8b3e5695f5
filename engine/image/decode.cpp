#include "image/decode.h"

#include "image/walk.h"
#include "vocabulary/file_kind.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {

Result<Image> decode_image(Bytes bytes) {
  const StandardFloatingPoint mode;
  if (!refused_bytes(static_cast<int64_t>(bytes.size())).empty()) return inspect_image(bytes);
  const FileKind kind = file_kind(bytes);
  if (kind == FileKind::kPng) {
    const Result<PngParts> parts = walk_png(bytes);
    return parts ? decode_png(parts.value()) : Result<Image>::failure(parts.reason());
  }
  if (kind == FileKind::kJpeg) {
    const Result<JpegFrame> frame = walk_jpeg(bytes);
    return frame ? decode_jpeg(bytes, frame.value()) : Result<Image>::failure(frame.reason());
  }
  return inspect_image(bytes);  // fails with a reason that names the format
}

Result<Image> resized(const Result<Image>& whole, int side) {
  if (!whole) return whole;
  Image image{side, side, std::vector<uint8_t>(3 * static_cast<size_t>(side) * static_cast<size_t>(side))};
  resize_nearest(whole.value(), side, image.pixels.data());
  return image;
}

Result<Image> decode_resized(Bytes bytes, int side) {
  const StandardFloatingPoint mode;
  require(side > 0, ErrorCode::kInvalidArgument, "decode_resized: a side of " + std::to_string(side) + " pixels");
  if (refused_bytes(static_cast<int64_t>(bytes.size())).empty() && file_kind(bytes) == FileKind::kJpeg) {
    const Result<JpegFrame> frame = walk_jpeg(bytes);
    return frame ? decode_jpeg_resized(bytes, frame.value(), side) : Result<Image>::failure(frame.reason());
  }
  return resized(decode_image(bytes), side);
}

Result<Image> load_image(const std::filesystem::path& path) {
  const Result<std::vector<std::byte>> bytes = read_picture(path);
  return bytes ? decode_image(bytes.value()) : Result<Image>::failure(bytes.reason());
}

Result<Image> load_resized(const std::filesystem::path& path, int side) {
  const Result<std::vector<std::byte>> bytes = read_picture(path);
  return bytes ? decode_resized(bytes.value(), side) : Result<Image>::failure(bytes.reason());
}

}  // namespace vgg16
