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

Result<Image> load_image(const std::filesystem::path& path) {
  const Result<std::vector<std::byte>> bytes = read_picture(path);
  return bytes ? decode_image(bytes.value()) : Result<Image>::failure(bytes.reason());
}

}  // namespace vgg16
