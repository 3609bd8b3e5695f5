// The products that training spends its time in, one implementation per instruction set, chosen once at run time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vgg16 {

/// Columns are cut into blocks of this many: a column's number within its block fits one byte, and a dense panel of a
/// block, 32 KB, the first-level cache.
inline constexpr int64_t kBlockColumns = 64;
/// Rows of one dense panel, side by side.
inline constexpr int64_t kPanelRows = 64;

/// One number for each row of a panel. Aligned, so that no vector of them lies across two cache lines: reading those is
/// a third slower.
template <class T, int64_t N = kPanelRows>
struct alignas(64) Lanes {
  T at[N];
};
/// Eight of some vectors, of which there are a few or many.
inline constexpr int64_t kEight = 8;
using EightLanes = Lanes<double, kEight>;

/// What keep_nonzeros() may write past the last number that it keeps.
inline constexpr int64_t kSpareNumbers = 16;

/// The non-zero numbers of some rows within one block of columns: those of row r are [start[r], start[r + 1]).
struct SparseBlock {
  const float* value;
  const uint8_t* column;
  const uint32_t* start;  ///< rows + 1 of them
  int64_t rows;
};

struct SparseProducts {
  std::string_view name;  ///< "avx512", "avx2" or "portable"

  /// Writes the numbers of row[0 .. width) that are not zero, and where they stand, one after the other; returns how
  /// many. width is at most kBlockColumns; value and column have room for kSpareNumbers more.
  int64_t (*keep_nonzeros)(const float* row, int64_t width, float* value, uint8_t* column);

  /// strip[r].at[l] += sum over d of block[r, d] * panel[d].at[l], in float64, where products of two float32 are exact.
  /// strip (block.rows), panel (kBlockColumns), not overlapping. The panel is float64 although its numbers may have
  /// been float32: widening them as they are loaded takes longer (14 against 20 Gmac/s a thread with 15 % of the
  /// numbers not zero, 14 against 22 with 64 %).
  void (*sparse_times_panel)(const SparseBlock& block, const Lanes<double>* panel, Lanes<double>* strip);

  /// sum[d].at[l] += sum over r of block[r, d] * rows[r].at[l], in float32: the transposed product. sum
  /// (kBlockColumns), rows (block.rows), not overlapping.
  void (*sparse_transposed_times_rows)(const SparseBlock& block, const Lanes<float>* rows, Lanes<float>* sum);

  /// The same in float64 for the block's first `rows` rows and kEight * groups lanes: weight (rows, groups), sum
  /// (kBlockColumns, groups), row-major.
  void (*add_weighted_rows)(const SparseBlock& block, int64_t rows, const EightLanes* weight, int64_t groups,
                            EightLanes* sum);

  /// y[c, r] += sum over j of m[r, j] * x[c, j] for r < rows, j < columns, c < vectors: a dense matrix times a few
  /// vectors. m is row-major with m_stride from row to row; x and y keep one vector after the other.
  void (*matrix_times_vectors)(const double* m, int64_t m_stride, int64_t rows, int64_t columns, const double* x,
                               int64_t x_stride, int64_t vectors, double* y, int64_t y_stride);

  /// The same in float32 throughout.
  void (*matrix_times_vectors_f32)(const float* m, int64_t m_stride, int64_t rows, int64_t columns, const float* x,
                                   int64_t x_stride, int64_t vectors, float* y, int64_t y_stride);

  /// out[i] = exp(x[i] + shift - highest[i]), which is to be at most 1, and sum[i] += out[i], for i < count. Within
  /// 2 units in the last place; exp(0) is 1 and what is below exp(-708) is exp(-708).
  void (*add_exponentials)(const double* x, const double* highest, double shift, int64_t count, double* out,
                           double* sum);
};

/// The fastest set that this machine runs. The sums of one set have a fixed order; sets differ from one another in the
/// last bits.
[[nodiscard]] const SparseProducts& best_sparse_products();

/// Every set that this machine runs, the fastest first: for tests and benchmarks.
[[nodiscard]] std::vector<const SparseProducts*> runnable_sparse_products();

const SparseProducts& sparse_products_cpu_avx512();
const SparseProducts& sparse_products_cpu_avx2();
const SparseProducts& sparse_products_cpu_portable();

}  // namespace vgg16
