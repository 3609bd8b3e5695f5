// Passes over all rows that serve many linear models at once: X W' and R' X for many columns of coefficients W or
// residuals R.
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

/// The rows are in memory, or read from the table again in every pass. Scores are computed in float64. Gradients are
/// products in float32, summed in float32 over 512 rows and then in float64, or in float64 throughout, which takes
/// about twice as long.
class RowPasses {
 public:
  /// `resident` has the rows of `source`; if it is nullptr, every pass reads them, and throws as read_tile. All
  /// arguments must outlive this.
  RowPasses(OrderedRows source, const SparseRows* resident, const SparseProducts& products, ThreadPool& pool);

  [[nodiscard]] int64_t rows() const { return source_.rows(); }
  [[nodiscard]] int64_t columns() const { return source_.table->columns; }

  /// scores.col(j)[p] = <x_p, w_j> for every position p: weights[j] points to columns() numbers.
  /// scores becomes (rows(), weights.size()).
  void scores(const std::vector<const double*>& weights, Eigen::MatrixXd& scores);

  /// out[j][d] += sum over p of residuals(p, j) * x_p[d]. residuals is (rows(), out.size()); out[j] has columns()
  /// numbers.
  void add_gradients(const Eigen::MatrixXf& residuals, const std::vector<double*>& out);
  void add_gradients(const Eigen::MatrixXd& residuals, const std::vector<double*>& out);

  /// Memory of a pass for `vectors` coefficient vectors or residuals, not counting resident rows.
  [[nodiscard]] static int64_t working_bytes(int64_t rows, int64_t columns, int64_t vectors, int threads);

 private:
  /// Calls use(first tile, tiles) for all tiles, a few at a time.
  void for_each_batch(const std::function<void(int64_t first, std::span<const SparseTile> tiles)>& use);

  OrderedRows source_;
  const SparseProducts& products_;
  ThreadPool& pool_;
  const SparseRows* resident_;
  std::vector<SparseTile> batch_;          ///< scratch: the tiles of the current batch, if rows are not resident
  std::vector<std::vector<float>> dense_;  ///< scratch, per member of the pool
};

}  // namespace vgg16
