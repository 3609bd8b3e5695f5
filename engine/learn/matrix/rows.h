// The rows of a feature table in memory, stored without their zeros: features after a ReLU are mostly zero.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sparse_products.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

/// Reports work done so far; called by one thread at a time.
using StageProgress = std::function<void(int64_t done, int64_t total)>;

/// Rows per tile: many enough to use a dense panel well, few enough to be in memory uncompressed while they are read.
inline constexpr int64_t kTileRows = 128;

/// Up to kTileRows rows without their zeros, divided into blocks of kBlockColumns columns; 5 bytes per non-zero number.
struct SparseTile {
  int64_t rows = 0;
  std::vector<float> value;
  std::vector<uint8_t> column;
  std::vector<uint32_t> start;  ///< (blocks, rows) and one more: where the numbers of a row in a block begin

  [[nodiscard]] SparseBlock block(int64_t b) const {
    return {value.data(), column.data(), start.data() + b * rows, rows};
  }
};

/// Rows of a table in the order in which training uses them: position p is row order[p] of the table. Views.
struct OrderedRows {
  const FeatureTable* table;
  std::span<const int64_t> order;

  [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(order.size()); }
  [[nodiscard]] int64_t tiles() const { return (rows() + kTileRows - 1) / kTileRows; }
};

/// Throws Error{kRefused}, naming the table and the row, if one of the row's `values` is not finite.
void require_finite(const FeatureTable& table, int64_t row, const float* values);

/// Reads and compresses the rows of tile `number` into `tile`, whose memory is used again; `dense` is scratch memory.
/// Throws Error{kRefused}, which names the row, for a number that is not finite, and what table.read_rows throws.
void read_tile(const OrderedRows& source, int64_t number, std::vector<float>& dense, SparseTile& tile);

/// Runs body(index, member) on the pool for every index in [0, count). If bodies throw, rethrows the exception of the
/// lowest index, so that the error does not depend on the threads' speed.
void for_each_checked(ThreadPool& pool, int64_t count, const std::function<void(int64_t index, int member)>& body);

/// All rows in memory, by position. Immutable after read(); threads may share it.
class SparseRows {
 public:
  /// Reads every row once, on the pool's threads. Throws as read_tile, for the first bad row by position.
  [[nodiscard]] static SparseRows read(const FeatureTable& table, std::span<const int64_t> order, ThreadPool& pool,
                                       const StageProgress& progress);

  [[nodiscard]] int64_t rows() const { return rows_; }
  [[nodiscard]] int64_t columns() const { return columns_; }
  [[nodiscard]] int64_t tiles() const { return static_cast<int64_t>(tiles_.size()); }
  [[nodiscard]] int64_t blocks() const { return (columns_ + kBlockColumns - 1) / kBlockColumns; }
  [[nodiscard]] std::span<const SparseTile> all_tiles() const { return tiles_; }
  [[nodiscard]] const SparseTile& tile(int64_t t) const { return tiles_[static_cast<size_t>(t)]; }
  [[nodiscard]] SparseBlock block(int64_t t, int64_t b) const { return tile(t).block(b); }

 private:
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  std::vector<SparseTile> tiles_;
};

/// out[v, d] = sum over positions p < weight.rows() of weight(p, v) * x[p, d], in float64 and in a fixed order. out is
/// (weight.cols(), columns), row-major.
void weighted_row_sums(const SparseRows& x, const Eigen::MatrixXd& weight, const SparseProducts& products,
                       ThreadPool& pool, double* out);

}  // namespace vgg16
