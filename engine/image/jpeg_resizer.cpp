#include "image/jpeg_resizer.h"

#include <algorithm>
#include <utility>

#include "image/decode.h"
#include "image/resize.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

PlaneShape shape_of(const jpeg_decompress_struct& info, const jpeg_component_info& component) {
  const auto covered = [](JDIMENSION pixels, int own, int largest) {  // ceil(pixels * own / largest)
    return static_cast<int>((static_cast<int64_t>(pixels) * own + largest - 1) / largest);
  };
  return {.width = covered(info.image_width, component.h_samp_factor, info.max_h_samp_factor),
          .height = covered(info.image_height, component.v_samp_factor, info.max_v_samp_factor),
          .expand_x = info.max_h_samp_factor / component.h_samp_factor,
          .expand_y = info.max_v_samp_factor / component.v_samp_factor};
}

}  // namespace

bool JpegBands::cover(const jpeg_decompress_struct& info) {
  for (int c = 0; c < info.num_components; ++c) {
    const jpeg_component_info& component = info.comp_info[c];
    if (info.max_h_samp_factor % component.h_samp_factor != 0) return false;
    if (info.max_v_samp_factor % component.v_samp_factor != 0) return false;
  }
  switch (info.jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_RGB:
    case JCS_YCbCr:
    case JCS_CMYK:
    case JCS_YCCK:
      return true;
    default:
      return false;
  }
}

void JpegBands::prepare(const jpeg_decompress_struct& info, std::span<const int> columns) {
  width_ = columns.size();
  colours_ = info.jpeg_color_space;
  n_planes_ = static_cast<size_t>(info.num_components);
  for (size_t c = 0; c < n_planes_; ++c) {
    const jpeg_component_info& component = info.comp_info[c];
    Plane& plane = planes_[c];
    plane.sampler.prepare(shape_of(info, component), columns);
    plane.band_height = component.v_samp_factor * DCTSIZE;
    // libjpeg writes whole blocks, also beyond the last column.
    plane.stride =
        ((static_cast<size_t>(info.image_width) - 1) / static_cast<size_t>(info.max_h_samp_factor * DCTSIZE) + 1) *
        static_cast<size_t>(component.h_samp_factor * DCTSIZE);
    plane.samples.resize(2 * static_cast<size_t>(plane.band_height) * plane.stride);
    plane.values.resize(width_);
  }
}

bool JpegBands::read(JpegDecompressor& decompressor, int band) {
  std::array<std::array<JSAMPROW, MAX_SAMP_FACTOR * DCTSIZE>, kMostPlanes> rows = {};
  std::array<JSAMPARRAY, kMostPlanes> arrays = {};
  for (size_t c = 0; c < n_planes_; ++c) {
    for (int y = 0; y < planes_[c].band_height; ++y) {
      rows[c][static_cast<size_t>(y)] = planes_[c].row(band * planes_[c].band_height + y);
    }
    arrays[c] = rows[c].data();
  }
  return decompressor.read_band(arrays.data());
}

int JpegBands::last_band_for(int y) const {
  int last = 0;
  for (size_t c = 0; c < n_planes_; ++c) {
    const PlaneRows rows = planes_[c].sampler.rows_for(y);
    last = std::max(last, std::max(rows.near, rows.far) / planes_[c].band_height);
  }
  return last;
}

void JpegBands::pixels(int y, uint8_t* out) {
  for (Plane& plane : std::span(planes_).first(n_planes_)) {
    const PlaneRows rows = plane.sampler.rows_for(y);
    plane.sampler.sample(y, plane.row(rows.near), plane.row(rows.far), plane.values.data());
  }
  if (colours_ == JCS_YCbCr || colours_ == JCS_YCCK) {
    ycc_to_rgb(planes_[0].values.data(), planes_[1].values.data(), planes_[2].values.data(), width_);
  }
  for (size_t c = 0; c < 3; ++c) {
    const uint8_t* values = planes_[colours_ == JCS_GRAYSCALE ? 0 : c].values.data();
    for (size_t x = 0; x < width_; ++x) out[3 * x + c] = values[x];
  }
  if (n_planes_ == 4) {
    const uint8_t* black = planes_[3].values.data();
    for (size_t x = 0; x < 3 * width_; ++x) {
      // YCCK holds red, green and blue; libjpeg makes cyan, magenta and yellow of them.
      const auto sample = static_cast<uint8_t>(colours_ == JCS_YCCK ? 255 - out[x] : out[x]);
      out[x] = without_black(sample, black[x / 3]);
    }
  }
}

std::string JpegResizer::resize(Bytes bytes, const JpegFrame& frame, int side, uint8_t* out) {
  if (!decompressor_.read_header(bytes, frame)) return decompressor_.reason();
  if (!JpegBands::cover(decompressor_.info())) {
    const Result<Image> whole = decode_jpeg(bytes, frame);
    if (!whole) return whole.reason();
    resize_nearest(whole.value(), side, out);
    return "";
  }
  if (!decompressor_.start(JpegOutput::kPlanes)) return decompressor_.reason();

  rows_ = nearest_indices(frame.height, side, std::move(rows_));
  columns_ = nearest_indices(frame.width, side, std::move(columns_));
  bands_.prepare(decompressor_.info(), columns_);
  const size_t row_bytes = 3 * static_cast<size_t>(side);
  const int bands = (frame.height - 1) / (decompressor_.info().max_v_samp_factor * DCTSIZE) + 1;
  auto row = rows_.begin();
  // Every band is decoded, also after the last row: whether the file is complete must be known.
  for (int band = 0; band < bands; ++band) {
    if (!bands_.read(decompressor_, band)) return decompressor_.reason();
    for (; row != rows_.end() && bands_.last_band_for(*row) <= band; ++row, out += row_bytes) {
      if (row != rows_.begin() && *row == row[-1]) {
        std::copy_n(out - row_bytes, row_bytes, out);  // an enlarged picture repeats rows
      } else {
        bands_.pixels(*row, out);
      }
    }
  }
  return decompressor_.finish() ? "" : decompressor_.reason();
}

}  // namespace vgg16
