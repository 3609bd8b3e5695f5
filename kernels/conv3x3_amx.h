// 3x3 convolution on AMX, the matrix units of Intel's servers: the sum of conv3x3_cpu.h as it stands there, without
// transforms. Operands are bfloat16, sums float32, and bias, ReLU and 2x2 pool are applied to the sums before they are
// rounded.
//
// A product of tiles takes 16 neighbouring pixels of a row, or 14 where 16 does not divide the width of the layer, x 32
// input channels, and these 32 input channels x 16 output channels. Four rows of the picture are computed together: a
// tile of pixels then serves up to three rows of filters, a tile of filters four rows of pixels, and 12 products need 9
// loads.
//
// They run on the calling thread, allocate nothing, and do not check their arguments:
// engine/backend/amx_convolution.cpp divides the work among threads.
#pragma once

#include <cstdint>

#include "kernels/plane.h"

namespace vgg16 {

inline constexpr int kAmxRows = 4;  ///< of the picture, computed together

/// bfloat16 numbers of the filters that pack_amx_filters writes for one block of 32 output channels.
constexpr int64_t amx_panel_count(int ic) { return int64_t{ic} * 9 * kBf16Block; }

/// The shape of one convolution, and views of its weights, which the caller owns. ic and oc are multiples of 32.
struct AmxLayer {
  int ic = 0, oc = 0;
  int side = 0;                       ///< height and width in pixels, an even multiple of 14 or 16
  const uint16_t* filters = nullptr;  ///< oc / 32 panels of amx_panel_count(ic) each, by pack_amx_filters
  const float* bias = nullptr;        ///< oc numbers, none of them -0 (bias_relu in simd.h says why)
};

/// Filters of the output channels [32 panel, 32 panel + 32), rounded to bfloat16, in the order in which the tiles want
/// them: [half of 16 channels][32 input channels][kx][ky] tiles of 16 rows, each a pair of input channels, x 16 output
/// channels. `kernel` (3, 3, ic, oc) is row-major float32; `packed` is the panel's amx_panel_count(ic) numbers.
void pack_amx_filters(const float* kernel, int ic, int oc, int panel, uint16_t* packed);

// block1_conv1 has an input of three channels: the tile of filters of one ky and 16 output channels has 5 rows, pairs
// of its 3 x 3 numbers and a zero. Its input is the pixels minus the means rounded to whole numbers, which bfloat16
// holds exactly; what the means are more or less than these is in the bias, and in the border, which is not zero
// therefore.

/// Input numbers of one product of tiles: the three channels of three neighbouring pixels, and one of the next pixel.
inline constexpr int kAmxFirstDepth = 10;
/// bfloat16 numbers from one row of 226 pixels of the input to the next.
inline constexpr int kAmxFirstStride = 226 * 3 + 2;
/// bfloat16 numbers of the packed filters.
inline constexpr int64_t kAmxFirstFilterCount = int64_t{64} * 3 * kAmxFirstDepth;

/// The filters (3, 3, 3, 64), float32, for block1_conv1, and the bias that belongs to them and to preprocess_amx.
void pack_amx_first_filters(const float* kernel, uint16_t* packed, float* bias);

/// Rows [y_begin, y_end) of block1_conv1's input, BGR, which may reach over the picture by its border, -1 and 224: 226
/// pixels and padding each. `picture` is uint8 RGB (224, 224, 3).
void preprocess_amx(const uint8_t* picture, int y_begin, int y_end, uint16_t* rows);

/// A part of the work of one layer: all pixels of the rows [y_begin, y_end), both even, of each of `pictures` pictures,
/// for the blocks [panel_begin, panel_end) of 32 output channels.
struct AmxPart {
  int pictures = 0;
  int y_begin = 0, y_end = 0;
  int panel_begin = 0, panel_end = 0;
};

/// The functions, on the tile registers or on their stand-in (amx_tiles.h). Outputs never overlap inputs. Every number
/// is one chain of sums over blocks of 32 input channels, then kx, then ky, whichever part it is computed in: that is
/// why the features of a picture have the same bits for any batch size and number of threads.
struct Conv3x3Amx {
  /// `in` and `out` are one plane per picture, with the border of one pixel that a 3x3 convolution reads; out's is left
  /// alone. If `maxpool2x2`, out is half as high and wide, and holds the maximum of every 2x2 window.
  void (*convolve)(const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool maxpool2x2, const Bf16Plane* out);
  /// The same for the network's last convolution, whose results are not rounded.
  void (*convolve_last)(const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool maxpool2x2, const Plane* out);

  /// `n_rows` rows, at least 2, of block1_conv1, whose filters and bias are in `layer`. `rows` is what preprocess_amx
  /// wrote, n_rows + 2 rows. Row 0 of the result goes to row 0 of `out`.
  void (*first)(const AmxLayer& layer, const uint16_t* rows, int n_rows, const Bf16Plane& out);
  void (*first_last)(const AmxLayer& layer, const uint16_t* rows, int n_rows, const Plane& out);
};

/// Those on the processor's tiles. Calling them where request_amx() (amx_permission.h) has not granted the tiles ends
/// the process. In a build for other processors this throws Error{kDevice}.
const Conv3x3Amx& conv3x3_amx();

}  // namespace vgg16
