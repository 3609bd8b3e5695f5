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

std::string decode_resized(Bytes bytes, int side, JpegResizer& jpeg, uint8_t* out) {
  if (refused_bytes(static_cast<int64_t>(bytes.size())).empty() && file_kind(bytes) == FileKind::kJpeg) {
    const Result<JpegFrame> frame = walk_jpeg(bytes);
    return frame ? jpeg.resize(bytes, frame.value(), side, out) : frame.reason();
  }
  const Result<Image> whole = decode_image(bytes);
  if (!whole) return whole.reason();
  resize_nearest(whole.value(), side, out);
  return "";
}

Result<Image> decode_resized(Bytes bytes, int side) {
  const StandardFloatingPoint mode;
  require(side > 0, ErrorCode::kInvalidArgument, "decode_resized: a side of " + std::to_string(side) + " pixels");
  Image image{side, side, std::vector<uint8_t>(3 * static_cast<size_t>(side) * static_cast<size_t>(side))};
  JpegResizer jpeg;
  std::string reason = decode_resized(bytes, side, jpeg, image.pixels.data());
  if (!reason.empty()) return Result<Image>::failure(std::move(reason));
  return image;
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
