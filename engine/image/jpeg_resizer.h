// Decoding a JPEG at the pixels that nearest-neighbour resizing copies, and at no others.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/jpeg_decompressor.h"
#include "image/jpeg_planes.h"
#include "image/walk.h"

namespace vgg16 {

/// The planes of a picture, of which two bands are held at a time. A band is what libjpeg decodes at once: one row of
/// minimum coded units, 8 rows of a plane times its vertical sampling factor.
class JpegBands {
 public:
  /// Whether planes of these shapes are brought to the picture's size here as libjpeg does it.
  [[nodiscard]] static bool cover(const jpeg_decompress_struct& info);

  /// For a picture that cover() accepts, of 1 to 4 components, and some of its columns. Uses the last picture's memory
  /// again.
  void prepare(const jpeg_decompress_struct& info, std::span<const int> columns);
  /// Reads band `band`, in place of the one before the last. Returns whether libjpeg succeeded.
  [[nodiscard]] bool read(JpegDecompressor& decompressor, int band);
  /// The last band that row y of the picture needs; it needs no earlier one than the one before that.
  [[nodiscard]] int last_band_for(int y) const;
  /// Row y of the picture at the columns, 3 bytes per pixel.
  void pixels(int y, uint8_t* out);

 private:
  struct Plane {
    PlaneSampler sampler;
    int band_height = 0;
    size_t stride = 0;
    std::vector<uint8_t> samples;  // two bands
    std::vector<uint8_t> values;   // of one row of the picture, at the columns

    uint8_t* row(int y) { return samples.data() + static_cast<size_t>(y % (2 * band_height)) * stride; }
  };

  static constexpr size_t kMostPlanes = 4;
  size_t width_ = 0;
  J_COLOR_SPACE colours_ = JCS_UNKNOWN;
  size_t n_planes_ = 0;
  std::array<Plane, kMostPlanes> planes_;  // n_planes_ of them are used
};

/// decode_jpeg, then resize_nearest, but only the pixels of the result are computed: coefficients and planes are
/// libjpeg's, what follows is done at these pixels (jpeg_planes.h). Holds two bands of the picture, not all of it; of a
/// picture of several scans all coefficients. Keeps its own memory for the next picture, but none of libjpeg's.
class JpegResizer {
 public:
  /// Writes (side, side, 3) to `out`. Returns the reason why that cannot be done, and `out` may be written in part, or
  /// "". Throws std::bad_alloc.
  [[nodiscard]] std::string resize(Bytes bytes, const JpegFrame& frame, int side, uint8_t* out);

 private:
  JpegDecompressor decompressor_;
  JpegBands bands_;
  std::vector<int> rows_;
  std::vector<int> columns_;
};

}  // namespace vgg16
