// The products that training spends its time in, one implementation per instruction set, chosen once at run time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vgg16 {

/// Columns are cut into blocks of this many, so that a column's number within its block fits one byte.
inline constexpr int64_t kBlockColumns = 128;
/// Rows of one dense panel: kBlockColumns * kPanelRows float32 are 32 KB and stay in the first-level cache.
inline constexpr int64_t kPanelRows = 64;

/// The non-zero numbers of some rows within one block of columns: those of row r are [start[r], start[r + 1]).
struct SparseBlock {
  const float* value;
  const uint8_t* column;
  const uint32_t* start;  ///< rows + 1 of them
  int64_t rows;
};

struct Products {
  std::string_view name;  ///< "avx512", "avx2" or "generic"

  /// strip[r, l] += sum over d of block[r, d] * panel[d, l], in float64, where products of two float32 are exact.
  /// strip (block.rows, kPanelRows), panel (kBlockColumns, kPanelRows), row-major, not overlapping.
  void (*sparse_times_panel)(const SparseBlock& block, const float* panel, double* strip);

  /// sum[d, l] += sum over r of block[r, d] * rows[r, l], in float32: the transposed product. sum (kBlockColumns,
  /// kPanelRows), rows (block.rows, kPanelRows), row-major, not overlapping.
  void (*sparse_transposed_times_rows)(const SparseBlock& block, const float* rows, float* sum);

  /// y[c, r] += sum over j of m[r, j] * x[c, j] for r < rows, j < columns, c < vectors: a dense matrix times a few
  /// vectors. m is row-major with m_stride from row to row; x and y keep one vector after the other.
  void (*matrix_times_vectors)(const double* m, int64_t m_stride, int64_t rows, int64_t columns, const double* x,
                               int64_t x_stride, int64_t vectors, double* y, int64_t y_stride);

  /// The same in float32 throughout.
  void (*matrix_times_vectors_f32)(const float* m, int64_t m_stride, int64_t rows, int64_t columns, const float* x,
                                   int64_t x_stride, int64_t vectors, float* y, int64_t y_stride);
};

/// The fastest set that this machine runs. The sums of one set have a fixed order; sets differ from one another in the
/// last bits.
[[nodiscard]] const Products& best_products();

/// Every set that this machine runs, for tests and benchmarks.
[[nodiscard]] std::vector<const Products*> all_products();

}  // namespace vgg16
