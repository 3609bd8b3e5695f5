#include "image/resize.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "vgg16/image.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {

std::vector<int> nearest_indices(int in, int out) {
  std::vector<int> indices(static_cast<size_t>(out));
  const double step = static_cast<double>(in) / out;
  double position = step * 0.5;
  for (int& index : indices) {
    index = static_cast<int>(position);
    position += step;
  }
  assert(out == 0 || indices.back() < in);
  return indices;
}

void resize_nearest(const Image& image, int side, uint8_t* out) {
  const StandardFloatingPoint mode;
  const std::vector<int> rows = nearest_indices(image.height, side);
  const std::vector<int> columns = nearest_indices(image.width, side);
  const size_t row_bytes = 3 * static_cast<size_t>(side);
  int drawn = -1;
  for (const int row : rows) {
    if (row == drawn) {  // an enlarged picture repeats rows: copy the last one
      std::memcpy(out, out - row_bytes, row_bytes);
    } else {
      const uint8_t* in = image.pixels.data() + 3 * static_cast<size_t>(row) * static_cast<size_t>(image.width);
      if (image.width == side) {  // every column: at once, as for the pictures that decode_resized() has made
        std::memcpy(out, in, row_bytes);
      } else {
        for (size_t x = 0; x < columns.size(); ++x)
          std::memcpy(out + 3 * x, in + 3 * static_cast<size_t>(columns[x]), 3);
      }
    }
    drawn = row;
    out += row_bytes;
  }
}

}  // namespace vgg16
