#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "image/decode.h"

namespace vgg16 {
namespace {

// Which pixels a pass holds: (x + i * dx, y + j * dy).
struct Pass {
  int x, y, dx, dy;
  [[nodiscard]] size_t columns(const PngParts& parts) const { return count(parts.width - x, dx); }
  [[nodiscard]] size_t rows(const PngParts& parts) const { return count(parts.height - y, dy); }

 private:
  static size_t count(int pixels, int step) { return pixels <= 0 ? 0 : static_cast<size_t>((pixels - 1) / step + 1); }
};
constexpr std::array<Pass, 1> kWhole = {{{0, 0, 1, 1}}};
// Adam7 (W3C PNG specification, 8.1).
constexpr std::array<Pass, 7> kInterlaced = {
    {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};

std::span<const Pass> passes_of(const PngParts& parts) {
  return parts.interlaced ? std::span<const Pass>(kInterlaced) : std::span<const Pass>(kWhole);
}

// Bytes of a row of so many pixels, without the byte before them that names its filter.
size_t row_bytes(const PngParts& parts, size_t columns) {
  return (columns * static_cast<size_t>(parts.samples * parts.depth) + 7) / 8;
}

// Bytes of all rows of all passes; a pass without columns has no rows.
size_t data_bytes(const PngParts& parts) {
  size_t bytes = 0;
  for (const Pass& pass : passes_of(parts)) {
    if (pass.columns(parts) > 0) bytes += pass.rows(parts) * (1 + row_bytes(parts, pass.columns(parts)));
  }
  return bytes;
}

// Decompresses as many bytes as the rows have, whatever the data would expand to. Returns the reason why that cannot be
// done, or "". As in Pillow, rows that are all there are enough: what follows them may be missing or more, but not
// wrong, and if the data ends there, its checksum (Adler-32) must match.
std::string inflate_rows(const std::vector<Bytes>& data, std::span<uint8_t> rows) {
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_out = rows.data();
  stream.avail_out = static_cast<uInt>(rows.size());
  int result = Z_OK;
  for (const Bytes part : data) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(part.data()));  // zlib does not write to it
    stream.avail_in = static_cast<uInt>(part.size());
    result = inflate(&stream, Z_NO_FLUSH);
    // Z_BUF_ERROR: an empty part, or all rows are there and the data goes on.
    if (result != Z_OK && result != Z_BUF_ERROR) break;
  }
  if (result == Z_MEM_ERROR) throw std::bad_alloc();  // says nothing about the picture: it must not be skipped
  if (result == Z_DATA_ERROR || result == Z_NEED_DICT) return "damaged: its data cannot be decompressed";
  return stream.avail_out == 0 ? "" : "truncated: its data ends before the last pixel";
}

// Adds to every byte what `predict` makes of the bytes to its left, above it and to the left of that one.
template <class Predict>
void add_prediction(std::span<uint8_t> row, const uint8_t* above, size_t pixel_bytes, Predict predict) {
  for (size_t i = 0; i < row.size(); ++i) {
    const bool first = i < pixel_bytes;
    const int left = first ? 0 : row[i - pixel_bytes];
    const int above_left = first ? 0 : above[i - pixel_bytes];
    row[i] = static_cast<uint8_t>(row[i] + predict(left, int{above[i]}, above_left));
  }
}

// W3C PNG specification, 9.4.
int paeth(int left, int above, int above_left) {
  const int estimate = left + above - above_left;
  const int to_left = std::abs(estimate - left);
  const int to_above = std::abs(estimate - above);
  const int to_above_left = std::abs(estimate - above_left);
  if (to_left <= to_above && to_left <= to_above_left) return left;
  return to_above <= to_above_left ? above : above_left;
}

// Undoes a row's filter (W3C PNG specification, 9.2). `above` is the row before it, or zeros. False for a filter that
// does not exist.
bool undo_filter(uint8_t filter, std::span<uint8_t> row, const uint8_t* above, size_t pixel_bytes) {
  switch (filter) {
    case 0:
      return true;
    case 1:
      add_prediction(row, above, pixel_bytes, [](int left, int, int) { return left; });
      return true;
    case 2:
      add_prediction(row, above, pixel_bytes, [](int, int up, int) { return up; });
      return true;
    case 3:
      add_prediction(row, above, pixel_bytes, [](int left, int up, int) { return (left + up) / 2; });
      return true;
    case 4:
      add_prediction(row, above, pixel_bytes, paeth);
      return true;
    default:
      return false;
  }
}

// Makes samples of less than 8 bits bytes: indices into a palette as they are, grey from 0 to 255.
void unpack(const PngParts& parts, const uint8_t* row, std::span<uint8_t> samples) {
  const auto depth = static_cast<size_t>(parts.depth);
  const unsigned most = (1U << depth) - 1;
  const unsigned scale = parts.has_palette ? 1 : 255 / most;
  for (size_t i = 0; i < samples.size(); ++i) {
    const size_t shift = 8 - depth - i * depth % 8;  // the first sample is in the highest bits
    samples[i] = static_cast<uint8_t>((unsigned{row[i * depth / 8]} >> shift & most) * scale);
  }
}

// Writes the rows of a picture's passes, one after another, into its pixels.
class PixelWriter {
 public:
  explicit PixelWriter(const PngParts& parts)
      : parts_(parts),
        image_{parts.height, parts.width,
               std::vector<uint8_t>(3 * static_cast<size_t>(parts.width) * static_cast<size_t>(parts.height))},
        unpacked_(static_cast<size_t>(parts.depth < 8 ? parts.width : 0)) {
    // Entries that the palette lacks are black, as in Pillow, so that no sample is out of its range.
    if (!parts.palette.empty()) std::memcpy(palette_.data(), parts.palette.data(), parts.palette.size());
  }

  void write(const Pass& pass, size_t j, const uint8_t* row) {
    const size_t columns = pass.columns(parts_);
    if (parts_.depth < 8) {
      unpack(parts_, row, std::span(unpacked_).first(columns));
      row = unpacked_.data();
    }
    // Of samples of 16 bits the first byte is taken, the high one.
    const size_t sample_bytes = parts_.depth == 16 ? 2 : 1;
    const auto pixel_bytes = static_cast<size_t>(parts_.samples) * sample_bytes;
    // From red to green and from green to blue; grey is all three.
    const size_t step = parts_.has_palette ? 1 : parts_.samples < 3 ? 0 : sample_bytes;
    const size_t first =
        (static_cast<size_t>(pass.y) + j * static_cast<size_t>(pass.dy)) * static_cast<size_t>(parts_.width) +
        static_cast<size_t>(pass.x);
    for (size_t i = 0; i < columns; ++i) {
      const uint8_t* sample = row + i * pixel_bytes;
      const uint8_t* from = parts_.has_palette ? palette_.data() + 3 * size_t{*sample} : sample;
      uint8_t* out = image_.pixels.data() + 3 * (first + i * static_cast<size_t>(pass.dx));
      out[0] = from[0];
      out[1] = from[step];
      out[2] = from[2 * step];
    }
  }

  [[nodiscard]] Image take() { return std::move(image_); }

 private:
  const PngParts& parts_;
  Image image_;
  std::array<uint8_t, 768> palette_{};
  std::vector<uint8_t> unpacked_;
};

}  // namespace

Result<Image> decode_png(const PngParts& parts) {
  const size_t bytes = data_bytes(parts);
  // Not a vector, whose zeros would take memory for rows that a small file does not have.
  const auto rows = std::make_unique_for_overwrite<uint8_t[]>(bytes);
  std::string reason = inflate_rows(parts.data, std::span(rows.get(), bytes));
  if (!reason.empty()) return Result<Image>::failure(std::move(reason));

  PixelWriter writer(parts);
  const size_t pixel_bytes = std::max<size_t>(1, static_cast<size_t>(parts.samples * parts.depth) / 8);
  uint8_t* at = rows.get();
  for (const Pass& pass : passes_of(parts)) {
    const size_t length = row_bytes(parts, pass.columns(parts));
    if (length == 0) continue;
    const std::vector<uint8_t> zeros(length);
    const uint8_t* above = zeros.data();
    for (size_t j = 0; j < pass.rows(parts); ++j, at += 1 + length) {
      if (!undo_filter(at[0], std::span(at + 1, length), above, pixel_bytes)) {
        return Result<Image>::failure("damaged: a row has filter " + std::to_string(at[0]) + ", expected 0 to 4");
      }
      above = at + 1;
      writer.write(pass, j, above);
    }
  }
  return writer.take();
}

}  // namespace vgg16
