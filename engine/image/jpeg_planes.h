// What libjpeg-turbo does between the planes of a JPEG and its pixels, at chosen pixels only: bringing a plane to the
// picture's size ("fancy upsampling") and converting colours. Bit for bit as jdsample.c and jdcolor.c do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vgg16 {

/// The plane of one colour component. A picture of w x h pixels has ceil(w / expand_x) x ceil(h / expand_y) samples in
/// it that count; what is coded beyond, up to whole blocks of 8 x 8, does not.
struct PlaneShape {
  int width = 0;
  int height = 0;
  int expand_x = 1;  ///< pixels per sample along a row: the largest horizontal sampling factor over the plane's own
  int expand_y = 1;  ///< the same along a column
};

/// Two rows of a plane, or twice the same.
struct PlaneRows {
  int near = 0;
  int far = 0;
};

/// Computes a plane's values at some columns of the picture. libjpeg-turbo weighs the nearer sample 3 and the next one
/// 1 along each direction in which the picture has twice as many pixels, and repeats samples otherwise; samples beyond
/// an edge are those at the edge.
class PlaneSampler {
 public:
  /// `columns`: of the picture, 0 .. w - 1. Allocates nothing if there were as many before.
  void prepare(const PlaneShape& shape, std::span<const int> columns);

  /// The rows of the plane from which row y of the picture is computed.
  [[nodiscard]] PlaneRows rows_for(int y) const;

  /// The values in row y of the picture, one per column, given the samples of the rows that rows_for(y) names.
  void sample(int y, const uint8_t* near, const uint8_t* far, uint8_t* out) const;

 private:
  // Where a pixel's value comes from within a row.
  struct Column {
    int near;
    int far;
    int odd;  // 1 in every second column: libjpeg rounds the other way there
  };

  PlaneShape shape_;
  bool smooth_x_ = false;
  bool smooth_y_ = false;
  std::vector<Column> columns_;
};

/// A sample of cyan, magenta or yellow and one of black to red, green or blue, as Pillow does (Convert.c, cmyk2rgb):
/// k - (255 - c) * k / 255, rounded to nearest. Like Pillow it assumes that samples are inverted, as Adobe writes them:
/// 255 means no ink.
[[nodiscard]] inline uint8_t without_black(uint8_t sample, uint8_t black) {
  const unsigned product = (255U - sample) * black + 128U;
  return static_cast<uint8_t>(black - ((product + (product >> 8U)) >> 8U));
}

/// Y, Cb, Cr to R, G, B for `count` pixels, in place.
void ycc_to_rgb(uint8_t* first, uint8_t* second, uint8_t* third, size_t count);

}  // namespace vgg16
