// The rows of a feature table in memory, without their zeros: features after a ReLU are mostly zeros.
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
using Progress = std::function<void(int64_t done, int64_t total)>;

/// Rows that are taken together: enough to make good use of a panel, few enough to be held dense while they are read.
inline constexpr int64_t kTileRows = 128;

/// Up to kTileRows rows without their zeros, cut into blocks of kBlockColumns columns: 5 bytes per number.
struct SparseTile {
  int64_t rows = 0;
  std::vector<float> value;
  std::vector<uint8_t> column;
  std::vector<uint32_t> start;  ///< blocks * rows + 1: block by block, row by row

  [[nodiscard]] SparseBlock block(int64_t b) const {
    return {value.data(), column.data(), start.data() + b * rows, rows};
  }
};

/// Which rows of a table are at positions 0, 1, ...: row order[p] is at position p. Views.
struct OrderedRows {
  const FeatureTable* table;
  std::span<const int64_t> order;

  [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(order.size()); }
  [[nodiscard]] int64_t tiles() const { return (rows() + kTileRows - 1) / kTileRows; }
};

/// Reads and compresses the rows of tile `tile`; `dense` is scratch. Throws Error{kRefused} naming a row that is not
/// finite, and what table.read_rows throws.
[[nodiscard]] SparseTile read_tile(const OrderedRows& source, int64_t tile, std::vector<float>& dense);

/// Runs body(index, member) on the pool for every index below count; what the body of the lowest index throws is
/// thrown.
void for_each_checked(ThreadPool& pool, int64_t count, const std::function<void(int64_t index, int member)>& body);

/// Rows at positions 0 .. rows() - 1 in memory. Immutable after read(); safe to share between threads.
class SparseRows {
 public:
  /// Reads every row once, by one of the pool's threads. Throws as read_tile, for the first row by position.
  [[nodiscard]] static SparseRows read(const FeatureTable& table, std::span<const int64_t> order, ThreadPool& pool,
                                       const Progress& progress);

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

/// out[v, d] = sum over positions p < weight.rows() of weight(p, v) * x[p, d]; out is (weight.cols(), columns),
/// row-major. The order of the sums is fixed.
void weighted_row_sums(const SparseRows& x, const Eigen::MatrixXd& weight, const SparseProducts& products,
                       ThreadPool& pool, double* out);

}  // namespace vgg16
