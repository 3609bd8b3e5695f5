#include "thumbnails.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <future>
#include <optional>
#include <system_error>

#include "vgg16/image.h"
#include "vgg16/names.h"

namespace vgg16::page {
namespace {

namespace fs = std::filesystem;

/// Pixels taken from the picture for each pixel of the longer side, which are averaged.
constexpr int kSamples = 4;
constexpr int kQuality = 75;

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve(bytes.size() / 3 * 4 + 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8U | (k < count ? std::to_integer<uint32_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

// `square`, which was resized without regard to the picture's aspect, brought to height x width by means over boxes.
Image shrunk(const Image& square, int height, int width) {
  Image small{height, width, {}};
  const auto side = static_cast<size_t>(square.width);
  const auto rows = static_cast<size_t>(height);
  const auto columns = static_cast<size_t>(width);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      uint32_t sum[3] = {};
      uint32_t count = 0;
      for (size_t y = i * side / rows; y < (i + 1) * side / rows; ++y) {
        for (size_t x = j * side / columns; x < (j + 1) * side / columns; ++x, ++count) {
          for (size_t c = 0; c < 3; ++c) sum[c] += square.pixels[3 * (y * side + x) + c];
        }
      }
      for (const uint32_t channel : sum) small.pixels.push_back(static_cast<uint8_t>((channel + count / 2) / count));
    }
  }
  return small;
}

Thumbnail without_picture(std::string_view reason) { return {.uri = {}, .reason = std::string(reason)}; }

Thumbnail thumbnail_of(std::span<const std::byte> bytes) {
  const Result<Image> frame = inspect_image(bytes);
  if (!frame) return without_picture(frame.reason());
  const Result<Image> square = decode_resized(bytes, kSamples * kThumbnailSide);
  if (!square) return without_picture(square.reason());
  const double scale =
      std::min(1.0, static_cast<double>(kThumbnailSide) / std::max(frame.value().height, frame.value().width));
  const auto scaled = [scale](int size) { return std::max(1, static_cast<int>(scale * size + 0.5)); };
  const Image small = shrunk(square.value(), scaled(frame.value().height), scaled(frame.value().width));
  return {.uri = "data:image/jpeg;base64," + base64(encode_jpeg(small, kQuality)),
          .width = small.width,
          .height = small.height,
          .reason = {}};
}

// A features file may come from anywhere, and a page may go anywhere: no picture from elsewhere may get into it.
bool leads_out(const fs::path& path) {
  return path.empty() || path.is_absolute() ||
         std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

Thumbnail make_thumbnail(const PictureOf& picture, std::span<const fs::path> folders) {
  const auto row = static_cast<size_t>(picture.second);
  const FeatureTable& table = *picture.first;
  if (folders.empty()) return without_picture("train --images shows it");
  const fs::path path = unescape_name(table.paths[row]);
  if (leads_out(path)) return without_picture("its path leads out of the folder");
  std::string reason;
  for (const fs::path& folder : folders) {
    const Result<std::vector<std::byte>> bytes = read_picture(folder / path);
    if (!bytes) {
      if (reason.empty()) reason = bytes.reason();
    } else if (!table.files.empty() && content_of(bytes.value()) != table.files[row]) {
      reason = "changed since its features were made";
    } else {
      return thumbnail_of(bytes.value());
    }
  }
  return without_picture(reason);
}

}  // namespace

std::map<PictureOf, Thumbnail> make_thumbnails(std::span<const PictureOf> pictures, std::span<const fs::path> folders,
                                               int threads, const ThumbnailProgress& progress) {
  std::map<PictureOf, Thumbnail> thumbnails;
  for (const PictureOf& picture : pictures) thumbnails[picture];
  std::vector<std::pair<const PictureOf, Thumbnail>*> work;
  for (auto& entry : thumbnails) work.push_back(&entry);
  std::atomic<size_t> next = 0;
  const auto run = [&](const ThumbnailProgress& report) {
    for (size_t i = next++; i < work.size(); i = next++) {
      work[i]->second = make_thumbnail(work[i]->first, folders);
      report(static_cast<int64_t>(i) + 1, std::ssize(work));
    }
  };
  std::vector<std::future<void>> helpers;
  try {
    while (std::ssize(helpers) + 1 < std::min<ptrdiff_t>(threads, std::ssize(work))) {
      helpers.push_back(std::async(std::launch::async, run, [](int64_t, int64_t) {}));
    }
  } catch (const std::system_error&) {  // no more threads: fewer do it as well
  }
  run(progress);
  for (std::future<void>& helper : helpers) helper.get();
  return thumbnails;
}

}  // namespace vgg16::page
