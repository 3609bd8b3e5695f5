// Passes over all rows that serve many linear models at once: scores of many weight vectors, and gradients of many
// residuals.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sparse_products.h"
#include "learn/matrix/rows.h"

namespace vgg16 {

/// Rows that are in memory, or read anew in every pass. Scores are float64; gradients are float32 products, summed in
/// float32 over 512 rows and in float64 beyond.
class RowPasses {
 public:
  /// `resident` holds the rows of `source`, or is nullptr: then every pass reads them anew, and throws as read_tile.
  /// Everything named here must outlive the object.
  RowPasses(OrderedRows source, const SparseRows* resident, const SparseProducts& products, ThreadPool& pool);

  [[nodiscard]] int64_t rows() const { return source_.rows(); }
  [[nodiscard]] int64_t columns() const { return source_.table->columns; }

  /// scores.col(j)[p] = <x_p, w_j> for every position p: weights[j] points to columns() numbers.
  /// scores becomes (rows(), weights.size()).
  void scores(const std::vector<const double*>& weights, Eigen::MatrixXd& scores);

  /// out[j][d] += sum over p of residuals(p, j) * x_p[d]: residuals (rows(), out.size()), out[j] columns() numbers.
  void add_gradients(const Eigen::MatrixXf& residuals, const std::vector<double*>& out);

  /// Bytes that the passes take beside resident rows, for `vectors` at once.
  [[nodiscard]] static int64_t working_bytes(int64_t rows, int64_t columns, int64_t vectors, int threads);

 private:
  /// Calls use(first tile, tiles) for all tiles, a few at a time.
  void for_each_batch(const std::function<void(int64_t first, std::span<const SparseTile> tiles)>& use);

  OrderedRows source_;
  const SparseProducts& products_;
  ThreadPool& pool_;
  const SparseRows* resident_;
  std::vector<SparseTile> batch_;          ///< scratch: the tiles being used, where they are read anew
  std::vector<std::vector<float>> dense_;  ///< scratch, per member of the pool
};

}  // namespace vgg16
