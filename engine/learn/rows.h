// The rows of a feature table in memory, without their zeros: features after a ReLU are mostly zeros.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/products.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

/// Reports work done so far; called by one thread at a time.
using Progress = std::function<void(int64_t done, int64_t total)>;

/// Rows at positions 0 .. rows() - 1, in tiles of kTileRows rows, each tile cut into blocks of kBlockColumns columns.
/// 5 bytes per number that is not zero. Immutable after read(); safe to share between threads.
class SparseRows {
 public:
  static constexpr int64_t kTileRows = 128;

  /// Reads row order[p] of `table` to position p for every p; each row is read once, by one of the pool's threads.
  /// Throws Error{kRefused} naming the first row (by position) that is not finite, and what table.read_rows throws.
  [[nodiscard]] static SparseRows read(const FeatureTable& table, std::span<const int64_t> order, ThreadPool& pool,
                                       const Progress& progress);

  [[nodiscard]] int64_t rows() const { return rows_; }
  [[nodiscard]] int64_t columns() const { return columns_; }
  [[nodiscard]] int64_t tiles() const { return static_cast<int64_t>(tiles_.size()); }
  [[nodiscard]] int64_t blocks() const { return (columns_ + kBlockColumns - 1) / kBlockColumns; }
  [[nodiscard]] int64_t nonzeros() const;

  /// Block `block` of the rows of tile `tile`.
  [[nodiscard]] SparseBlock block(int64_t tile, int64_t block) const;

 private:
  struct Tile {
    int64_t rows = 0;
    std::vector<float> value;
    std::vector<uint8_t> column;
    std::vector<uint32_t> start;  ///< blocks * rows + 1: block by block, row by row
  };
  static Tile compress(const float* dense, int64_t rows, int64_t columns);

  int64_t rows_ = 0;
  int64_t columns_ = 0;
  std::vector<Tile> tiles_;
};

/// out[c, d] = sum over positions p < rows of weight[c, p] * x[p, d]: vectors (c) and weights keep one vector after the
/// other, weight_stride apart; out is (vectors, columns) row-major. The order of the sums is fixed.
void weighted_row_sums(const SparseRows& x, int64_t rows, const double* weight, int64_t weight_stride, int64_t vectors,
                       ThreadPool& pool, double* out);

}  // namespace vgg16
