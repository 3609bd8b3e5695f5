#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "image/walk.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Formats that are often found in files named like JPEG or PNG. `at` is the position of the magic bytes.
struct OtherKind {
  size_t at;
  std::string_view magic;
  std::string_view reason;
};
constexpr std::array<OtherKind, 10> kOtherKinds = {{
    {0, "GIF8", "GIF is not supported"},
    {0, "BM", "BMP is not supported"},
    {0, {"II*\0", 4}, "TIFF is not supported"},
    {0, {"MM\0*", 4}, "TIFF is not supported"},
    {8, "WEBP", "WebP is not supported"},
    {4, "ftypavif", "AVIF is not supported"},
    {4, "ftyphei", "HEIC is not supported"},
    {4, "ftypmif1", "HEIC is not supported"},
    {0, "version https://git-lfs", "not a JPEG or PNG but a Git LFS pointer"},
    {4, "jP  ", "JPEG 2000 is not supported"},
}};

// A download that failed often leaves an HTML page under the picture's name.
bool looks_like_html(std::string_view text) {
  const auto start = std::find_if_not(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
  std::string head(start, std::min(text.end(), start + std::min<std::ptrdiff_t>(9, text.end() - start)));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return head.starts_with("<html") || head.starts_with("<!doctype");
}

std::string name_of_other_kind(Bytes bytes) {
  const std::string_view text = as_text(bytes.first(std::min<size_t>(bytes.size(), 512)));
  for (const OtherKind& kind : kOtherKinds) {
    if (text.size() > kind.at && text.substr(kind.at).starts_with(kind.magic)) return std::string(kind.reason);
  }
  return looks_like_html(text) ? "not a JPEG or PNG but an HTML page" : "not a JPEG or PNG";
}

}  // namespace

bool looks_like_jpeg(Bytes bytes) { return as_text(bytes).starts_with("\xFF\xD8\xFF"); }

bool looks_like_png(Bytes bytes) { return as_text(bytes).starts_with("\x89PNG\r\n\x1A\n"); }

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

Result<Image> inspect_image(Bytes bytes) {
  const auto size_of = [](const auto& walked) {
    return walked ? Result<Image>({walked.value().height, walked.value().width, {}})
                  : Result<Image>::failure(walked.reason());
  };
  // The cheapest check first: nothing of a file over the limit is examined.
  std::string reason = refused_bytes(static_cast<int64_t>(bytes.size()));
  if (!reason.empty()) return Result<Image>::failure(std::move(reason));
  if (looks_like_png(bytes)) return size_of(walk_png(bytes));
  if (looks_like_jpeg(bytes)) return size_of(walk_jpeg(bytes));
  return Result<Image>::failure(name_of_other_kind(bytes));
}

}  // namespace vgg16
