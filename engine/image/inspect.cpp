#include <algorithm>
#include <string>
#include <string_view>

#include "image/walk.h"
#include "vgg16/image.h"
#include "vocabulary/file_kind.h"

namespace vgg16 {
namespace {

// "JPEG", "HEIC"; empty if it is no picture. What messages call the kind is "a JPEG picture".
std::string_view format_of(FileKind kind) {
  constexpr std::string_view kEnd = " picture";
  const std::string_view name = file_kind_name(kind);
  if (!name.ends_with(kEnd)) return "";
  const size_t begin = name.find(' ') + 1;
  return name.substr(begin, name.size() - kEnd.size() - begin);
}

// The reason why a file that is neither JPEG nor PNG is refused.
std::string reason_for(FileKind kind) {
  const std::string_view format = format_of(kind);
  if (!format.empty()) return std::string(format) + " is not supported";
  if (kind == FileKind::kUnknown || kind == FileKind::kText) return "not a JPEG or PNG";
  if (kind == FileKind::kGitLfs) return "not a JPEG or PNG but a Git LFS pointer";
  return "not a JPEG or PNG but " + std::string(file_kind_name(kind));
}

}  // namespace

std::string refused_bytes(int64_t size_bytes) {
  if (size_bytes == 0) return "empty file";
  if (size_bytes <= kMaxPictureBytes) return "";
  return std::to_string((size_bytes + (1 << 20) - 1) >> 20) + " MB is over the limit of " +
         std::to_string(kMaxPictureBytes >> 20) + " MB";
}

std::string refused_size(int64_t width, int64_t height) {
  const auto shown = [&] { return std::to_string(width) + "x" + std::to_string(height); };
  if (width == 0 || height == 0) return "has no pixels (" + shown() + ")";
  // A division, because the product of two 32-bit numbers from a file could overflow.
  if (width > kMaxPicturePixels / height) {
    return shown() + " is over the limit of " + std::to_string(kMaxPicturePixels / 1'000'000) + " megapixels";
  }
  if (std::max(width, height) > kMaxPictureSide) {
    return shown() + " is over the limit of " + std::to_string(kMaxPictureSide) + " pixels a side";
  }
  return "";
}

std::string_view picture_format(Bytes start) { return format_of(file_kind(start)); }

Result<Image> inspect_image(Bytes bytes) {
  const auto size_of = [](const auto& walked) {
    return walked ? Result<Image>({walked.value().height, walked.value().width, {}})
                  : Result<Image>::failure(walked.reason());
  };
  // The cheapest check first: nothing of a file over the limit is examined.
  std::string reason = refused_bytes(static_cast<int64_t>(bytes.size()));
  if (!reason.empty()) return Result<Image>::failure(std::move(reason));
  const FileKind kind = file_kind(bytes);
  if (kind == FileKind::kPng) return size_of(walk_png(bytes));
  if (kind == FileKind::kJpeg) return size_of(walk_jpeg(bytes));
  return Result<Image>::failure(reason_for(kind));
}

}  // namespace vgg16
