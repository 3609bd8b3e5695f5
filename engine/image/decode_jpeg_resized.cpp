// Decoding a JPEG at the pixels that nearest-neighbour resizing copies, and at no others.
#include <algorithm>
#include <array>

#include "image/decode.h"
#include "image/jpeg_decompressor.h"
#include "image/jpeg_planes.h"
#include "image/resize.h"

namespace vgg16 {
namespace {

// The planes of a picture, of which two bands are held at a time. A band is what libjpeg decodes at once: one row of
// minimum coded units, 8 rows of a plane times its vertical sampling factor.
class Planes {
 public:
  Planes(const jpeg_decompress_struct& info, std::span<const int> columns)
      : width_(columns.size()), colours_(info.jpeg_color_space) {
    for (int c = 0; c < info.num_components; ++c) {
      const jpeg_component_info& component = info.comp_info[c];
      Plane& plane = planes_.emplace_back(Plane{.sampler = PlaneSampler(shape_of(info, component), columns),
                                                .band_height = component.v_samp_factor * DCTSIZE});
      // libjpeg writes whole blocks, also beyond the last column.
      plane.stride =
          ((static_cast<size_t>(info.image_width) - 1) / static_cast<size_t>(info.max_h_samp_factor * DCTSIZE) + 1) *
          static_cast<size_t>(component.h_samp_factor * DCTSIZE);
      plane.samples.resize(2 * static_cast<size_t>(plane.band_height) * plane.stride);
      plane.values.resize(width_);
    }
  }

  // Whether planes of these shapes are brought to the picture's size here as libjpeg does it.
  static bool cover(const jpeg_decompress_struct& info) {
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

  // Reads band `band`, in place of the one before the last.
  bool read(JpegDecompressor& decompressor, int band) {
    std::array<std::array<JSAMPROW, MAX_SAMP_FACTOR * DCTSIZE>, MAX_COMPS_IN_SCAN> rows = {};
    std::array<JSAMPARRAY, MAX_COMPS_IN_SCAN> arrays = {};
    for (size_t c = 0; c < planes_.size(); ++c) {
      for (int y = 0; y < planes_[c].band_height; ++y) {
        rows[c][static_cast<size_t>(y)] = planes_[c].row(band * planes_[c].band_height + y);
      }
      arrays[c] = rows[c].data();
    }
    return decompressor.read_band(arrays.data());
  }

  // The last band that row y of the picture needs; it needs no earlier one than the one before that.
  [[nodiscard]] int last_band_for(int y) const {
    int last = 0;
    for (const Plane& plane : planes_) {
      const PlaneRows rows = plane.sampler.rows_for(y);
      last = std::max(last, std::max(rows.near, rows.far) / plane.band_height);
    }
    return last;
  }

  // Row y of the picture at the columns, 3 bytes per pixel.
  void pixels(int y, uint8_t* out) {
    for (Plane& plane : planes_) {
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
    if (planes_.size() == 4) {
      const uint8_t* black = planes_[3].values.data();
      for (size_t x = 0; x < 3 * width_; ++x) {
        // YCCK holds red, green and blue; libjpeg makes cyan, magenta and yellow of them.
        const auto sample = static_cast<uint8_t>(colours_ == JCS_YCCK ? 255 - out[x] : out[x]);
        out[x] = without_black(sample, black[x / 3]);
      }
    }
  }

 private:
  struct Plane {
    PlaneSampler sampler;
    int band_height;
    size_t stride = 0;
    std::vector<uint8_t> samples = {};  // two bands
    std::vector<uint8_t> values = {};   // of one row of the picture, at the columns

    uint8_t* row(int y) { return samples.data() + static_cast<size_t>(y % (2 * band_height)) * stride; }
  };

  static PlaneShape shape_of(const jpeg_decompress_struct& info, const jpeg_component_info& component) {
    const auto covered = [](JDIMENSION pixels, int own, int largest) {  // ceil(pixels * own / largest)
      return static_cast<int>((static_cast<int64_t>(pixels) * own + largest - 1) / largest);
    };
    return {.width = covered(info.image_width, component.h_samp_factor, info.max_h_samp_factor),
            .height = covered(info.image_height, component.v_samp_factor, info.max_v_samp_factor),
            .expand_x = info.max_h_samp_factor / component.h_samp_factor,
            .expand_y = info.max_v_samp_factor / component.v_samp_factor};
  }

  size_t width_;
  J_COLOR_SPACE colours_;
  std::vector<Plane> planes_;
};

}  // namespace

Result<Image> decode_jpeg_resized(Bytes bytes, const JpegFrame& frame, int side) {
  JpegDecompressor decompressor;
  const auto failed = [&] { return Result<Image>::failure(decompressor.reason()); };
  if (!decompressor.read_header(bytes, frame)) return failed();
  if (!Planes::cover(decompressor.info())) return resized(decode_jpeg(bytes, frame), side);
  if (!decompressor.start(JpegOutput::kPlanes)) return failed();

  const std::vector<int> rows = nearest_indices(frame.height, side);
  Planes planes(decompressor.info(), nearest_indices(frame.width, side));
  Image image{side, side, std::vector<uint8_t>(3 * static_cast<size_t>(side) * static_cast<size_t>(side))};
  const size_t row_bytes = 3 * static_cast<size_t>(side);
  const int bands = (frame.height - 1) / (decompressor.info().max_v_samp_factor * DCTSIZE) + 1;
  auto row = rows.begin();
  uint8_t* out = image.pixels.data();
  // Every band is decoded, also after the last row: whether the file is complete must be known.
  for (int band = 0; band < bands; ++band) {
    if (!planes.read(decompressor, band)) return failed();
    for (; row != rows.end() && planes.last_band_for(*row) <= band; ++row, out += row_bytes) {
      if (row != rows.begin() && *row == row[-1]) {
        std::copy_n(out - row_bytes, row_bytes, out);  // an enlarged picture repeats rows
      } else {
        planes.pixels(*row, out);
      }
    }
  }
  if (!decompressor.finish()) return failed();
  return image;
}

}  // namespace vgg16
