// The dual form of penalised logistic regression: coefficients W = A' X in the row space of the features.
//
// Because of the penalty, the optimum is a linear combination of the training rows. So scores are K A and |W|^2 =
// tr(A' K A), with K the Gram matrix, and nothing depends on the number of columns. <X'a, X'c> = a' K c: any method
// that uses only inner products takes the same steps on A, with this inner product, as it would take on W.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sparse_products.h"
#include "learn/matrix/gram.h"

namespace vgg16 {

/// Rows (or columns) [first, first + count) of the Gram matrix.
struct Segment {
  int64_t first = 0;
  int64_t count = 0;
};
[[nodiscard]] int64_t total_count(const std::vector<Segment>& segments);

/// Products with the Gram matrix K restricted to some rows, those that a fold trains on, and centred by their mean.
/// Nothing is copied: K, products and the pool must outlive it. const members are thread-safe without a pool.
class RowSpaceOperator {
 public:
  /// The work of a product is divided among the threads of `pool`, which must be nullptr if the caller itself runs on
  /// one of a pool's threads. The result has the same bits in both cases.
  RowSpaceOperator(const GramMatrix& k, std::vector<Segment> rows, const SparseProducts& products, ThreadPool* pool);

  [[nodiscard]] int64_t rows() const { return n_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }

  /// out = K[rows, own rows] v, not centred. out is (total_count(rows), vectors).
  void multiply(const Eigen::MatrixXd& v, const std::vector<Segment>& rows, Eigen::MatrixXd& out) const;

  /// out = (I - J) K (I - J) v, where J replaces every row by the mean over the rows: the product with the centred
  /// matrix. v and out are (rows, vectors), column-major.
  void apply(const Eigen::MatrixXd& v, Eigen::MatrixXd& out) const;

  /// The scores of other rows, centred like those of apply(v): K[other, rows] (I - J) v - shift(v).
  [[nodiscard]] Eigen::MatrixXd apply_to_others(const Eigen::MatrixXd& v, const std::vector<Segment>& other) const;

  /// The diagonal of K restricted to the rows, not centred by their mean: it is used as a scale only.
  [[nodiscard]] Eigen::VectorXd diagonal() const;

  /// K[chosen, chosen] in float32, not centred, for multiply_chosen(). `chosen` are indices of the operator's rows in
  /// ascending order.
  [[nodiscard]] Eigen::MatrixXf submatrix(const std::vector<Eigen::Index>& chosen) const;

  /// out = m v in float32, with m from submatrix().
  void multiply_chosen(const Eigen::MatrixXf& m, const Eigen::MatrixXf& v, Eigen::MatrixXf& out) const;

  /// What apply(v) subtracts from every row: the mean over the rows of K (I - J) v.
  [[nodiscard]] Eigen::RowVectorXd shift(const Eigen::MatrixXd& v) const;

 private:
  template <class Body>
  void share(int64_t count, const Body& body) const;

  const GramMatrix* k_;
  std::vector<Segment> segments_;
  const SparseProducts* products_;
  ThreadPool* pool_;
  int64_t n_;
  /// The mean of K's rows, minus that vector's own mean: shift(v) is its product with v.
  Eigen::RowVectorXd centred_mean_;
};

/// A model in the dual form, with its scores for its own training rows.
struct RowSpacePoint {
  Eigen::MatrixXd a;          ///< (rows, columns of scores) coefficients of the training rows; every column sums to 0
  Eigen::MatrixXd scores;     ///< the operator's apply(a), without the intercept; every column sums to 0
  Eigen::VectorXd intercept;  ///< to be added to these scores
};

}  // namespace vgg16
