// The inner loops of training: products of sparse feature rows, products with the dense Gram matrix, exponentials. One
// implementation per instruction set, chosen at run time. Features after a ReLU are mostly zero, so rows are stored
// without their zeros, in blocks of 64 columns.
//
//   block   rows x 64 columns of features, sparse (SparseBlock)
//   panel   64 vectors side by side, dense: for each column (or row), one Lanes of 64 numbers
//   lane    the place of one vector within a panel
//
// All functions run on the calling thread, allocate nothing and throw nothing. Arrays of Lanes are aligned to 64 bytes;
// other arrays need no alignment beyond their element's.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vgg16 {

/// Columns per block. The number of a column within its block fits one byte, and a dense panel of a block (64 x 64
/// doubles, 32 KB) fits the L1 cache.
inline constexpr int64_t kBlockColumns = 64;
/// Vectors in one panel.
inline constexpr int64_t kPanelRows = 64;

/// One number for each vector of a panel. Aligned, so that no SIMD load crosses a cache line, which would make reading
/// a third slower.
template <class T, int64_t N = kPanelRows>
struct alignas(64) Lanes {
  T at[N];
};
/// A narrower panel of eight vectors, for when there are only a few of them.
inline constexpr int64_t kEight = 8;
using EightLanes = Lanes<double, kEight>;

/// How many numbers keep_nonzeros() may write past the last one that it keeps.
inline constexpr int64_t kSpareNumbers = 16;

/// The non-zero numbers of some rows within one block of columns, in compressed sparse row format: those of row r are
/// value[i] in column column[i] of the block, for i in [start[r], start[r + 1]). Views.
struct SparseBlock {
  const float* value;
  const uint8_t* column;
  const uint32_t* start;  ///< rows + 1 numbers
  int64_t rows;
};

struct SparseProducts {
  std::string_view name;  ///< "avx512", "avx2" or "portable"

  /// Compresses a row: writes the non-zero numbers of row[0 .. width) to `value` and their positions to `column`, and
  /// returns how many there are. width is at most kBlockColumns; both outputs need room for kSpareNumbers more.
  int64_t (*keep_nonzeros)(const float* row, int64_t width, float* value, uint8_t* column);

  /// strip[r].at[l] += sum over d of block[r, d] * panel[d].at[l], in float64, in which products of float32 features
  /// are exact. strip has block.rows Lanes, panel kBlockColumns; not overlapping. The panel is float64 even if its
  /// numbers were float32, because converting them while loading is slower (14 instead of 20 Gmac/s per thread with 15
  /// % non-zeros, 14 instead of 22 with 64 %).
  void (*sparse_times_panel)(const SparseBlock& block, const Lanes<double>* panel, Lanes<double>* strip);

  /// The transposed product: sum[d].at[l] += sum over r of block[r, d] * rows[r].at[l], in float32. sum has
  /// kBlockColumns Lanes, rows block.rows; not overlapping.
  void (*sparse_transposed_times_rows)(const SparseBlock& block, const Lanes<float>* rows, Lanes<float>* sum);

  /// The transposed product in float64, for the first `rows` rows of the block and kEight * groups vectors: weight is
  /// (rows, groups) and sum (kBlockColumns, groups), row-major.
  void (*add_weighted_rows)(const SparseBlock& block, int64_t rows, const EightLanes* weight, int64_t groups,
                            EightLanes* sum);

  /// A dense matrix times a few vectors: y[c * y_stride + r] += sum over j of m[r * m_stride + j] * x[c * x_stride + j]
  /// for r < rows, j < columns, c < vectors. y does not overlap m or x.
  void (*matrix_times_vectors)(const double* m, int64_t m_stride, int64_t rows, int64_t columns, const double* x,
                               int64_t x_stride, int64_t vectors, double* y, int64_t y_stride);

  /// The same in float32 throughout.
  void (*matrix_times_vectors_f32)(const float* m, int64_t m_stride, int64_t rows, int64_t columns, const float* x,
                                   int64_t x_stride, int64_t vectors, float* y, int64_t y_stride);

  /// out[i] = exp(x[i] + shift - highest[i]) and sum[i] += out[i] for i < count. Arguments of exp must be at most 0.
  /// The error is at most 2 units in the last place; exp(0) is exactly 1, and below -708 the result is exp(-708). out
  /// may be x.
  void (*add_exponentials)(const double* x, const double* highest, double shift, int64_t count, double* out,
                           double* sum);
};

/// The fastest set that this machine can run. Within one set sums have a fixed order; results of different sets differ
/// in the last bits.
[[nodiscard]] const SparseProducts& best_sparse_products();

/// Every set that this machine can run, the fastest first. For tests and benchmarks.
[[nodiscard]] std::vector<const SparseProducts*> runnable_sparse_products();

// Each is compiled with its instruction set's flags; calling their functions on a machine without it is an illegal
// instruction. Use the functions above.
const SparseProducts& sparse_products_cpu_avx512();
const SparseProducts& sparse_products_cpu_avx2();
const SparseProducts& sparse_products_cpu_portable();

}  // namespace vgg16
