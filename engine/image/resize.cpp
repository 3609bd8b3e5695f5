#include "image/resize.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "image/decode.h"
#include "vgg16/image.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

// Where red, green and blue are in a pixel, and how many bytes it has.
struct PixelLayout {
  int red, green, blue, bytes;
};

constexpr PixelLayout layout_of(PictureFormat format) {
  switch (format) {
    case PictureFormat::kRgb:
      return {0, 1, 2, 3};
    case PictureFormat::kBgr:
      return {2, 1, 0, 3};
    case PictureFormat::kRgba:
      return {0, 1, 2, 4};
    case PictureFormat::kBgra:
      return {2, 1, 0, 4};
    case PictureFormat::kGrey:
      return {0, 0, 0, 1};
    case PictureFormat::kEncoded:
    case PictureFormat::kPath:
      break;
  }
  return {0, 0, 0, 0};
}

// Columns whose source positions are held at a time, on the stack: VGG16's side.
constexpr int kColumns = 224;

// In blocks of columns, so that a picture of any side is resized without memory of its own.
void resize_pixels(const uint8_t* pixels, const PixelLayout& layout, int height, int width, int64_t stride, int side,
                   uint8_t* out) {
  const size_t row_bytes = 3 * static_cast<size_t>(side);
  const bool copied = layout.bytes == 3 && layout.red == 0 && width == side;  // every column, as it is
  SourceIndices columns(width, side);
  std::array<size_t, kColumns> offsets;
  for (int first = 0; first < side; first += kColumns) {
    const int count = std::min(kColumns, side - first);
    for (int x = 0; x < count; ++x)
      offsets[static_cast<size_t>(x)] = static_cast<size_t>(columns.next() * layout.bytes);
    SourceIndices rows(height, side);
    int drawn = -1;
    uint8_t* to = out + 3 * static_cast<size_t>(first);
    for (int y = 0; y < side; ++y, to += row_bytes) {
      const int row = rows.next();
      if (row == drawn) {  // an enlarged picture repeats rows: copy the last one
        std::memcpy(to, to - row_bytes, 3 * static_cast<size_t>(count));
        continue;
      }
      drawn = row;
      const uint8_t* from = pixels + row * stride;
      if (copied) {
        std::memcpy(to, from + 3 * static_cast<size_t>(first), 3 * static_cast<size_t>(count));
        continue;
      }
      for (int x = 0; x < count; ++x) {
        const uint8_t* pixel = from + offsets[static_cast<size_t>(x)];
        to[3 * x] = pixel[layout.red];
        to[3 * x + 1] = pixel[layout.green];
        to[3 * x + 2] = pixel[layout.blue];
      }
    }
  }
}

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorCode::kShape, "a picture's pixels: " + problem);
}

// The stride of a picture whose sizes have been checked: every row lies within its bytes.
int64_t checked_stride(const Picture& picture, const PixelLayout& layout) {
  if (layout.bytes == 0) refuse("unknown format " + std::to_string(static_cast<int>(picture.format)));
  if (picture.height < 1 || picture.width < 1) {
    refuse("size " + std::to_string(picture.width) + " x " + std::to_string(picture.height) +
           ", expected 1 x 1 or more");
  }
  const int64_t row = int64_t{picture.width} * layout.bytes;
  const int64_t stride = picture.stride == 0 ? row : picture.stride;
  if (stride < row) {
    refuse("stride " + std::to_string(stride) + ", expected " + std::to_string(row) + " bytes or more");
  }
  const auto size = static_cast<int64_t>(picture.bytes.size());
  if (size < row || (size - row) / stride < picture.height - 1 || picture.bytes.data() == nullptr) {
    refuse(std::to_string(picture.bytes.data() == nullptr ? 0 : size) + " bytes, expected " +
           std::to_string(picture.height) + " rows of " + std::to_string(stride));
  }
  return stride;
}

}  // namespace

std::vector<int> nearest_indices(int in, int out, std::vector<int> memory) {
  memory.resize(static_cast<size_t>(out));
  SourceIndices source(in, out);
  for (int& index : memory) index = source.next();
  assert(out == 0 || memory.back() < in);
  return memory;
}

void resize_nearest(const Image& image, int side, uint8_t* out) {
  const StandardFloatingPoint mode;
  resize_pixels(image.pixels.data(), layout_of(PictureFormat::kRgb), image.height, image.width,
                3 * int64_t{image.width}, side, out);
}

struct PictureResizer::Impl {
  // Throws the reason why these bytes of a file give no pixels.
  void decode(Bytes bytes, int side, uint8_t* out) {
    std::string reason = decode_resized(bytes, side, jpeg, out);
    if (!reason.empty()) throw Error(ErrorCode::kRefused, std::move(reason));
  }

  JpegResizer jpeg;
};

PictureResizer::PictureResizer() : impl_(std::make_unique<Impl>()) {}
PictureResizer::~PictureResizer() = default;
PictureResizer::PictureResizer(PictureResizer&&) noexcept = default;
PictureResizer& PictureResizer::operator=(PictureResizer&&) noexcept = default;

void PictureResizer::resize(const Picture& picture, int side, uint8_t* out) {
  const StandardFloatingPoint mode;
  if (side < 1) {
    throw Error(ErrorCode::kInvalidArgument, "PictureResizer: a side of " + std::to_string(side) + " pixels");
  }
  const char* start = reinterpret_cast<const char*>(picture.bytes.data());
  if (picture.format == PictureFormat::kEncoded) {
    impl_->decode(picture.bytes, side, out);
  } else if (picture.format == PictureFormat::kPath) {
    const Result<std::vector<std::byte>> file = read_picture(std::string_view(start, picture.bytes.size()));
    if (!file) throw Error(ErrorCode::kRefused, file.reason());
    impl_->decode(file.value(), side, out);
  } else {
    const PixelLayout layout = layout_of(picture.format);
    resize_pixels(reinterpret_cast<const uint8_t*>(start), layout, picture.height, picture.width,
                  checked_stride(picture, layout), side, out);
  }
}

}  // namespace vgg16
