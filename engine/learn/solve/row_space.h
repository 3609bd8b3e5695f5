// Penalised logistic regression with its coefficients in the row space of the features: W = A' X.
//
// The penalty makes the optimum a combination of the training rows, so that scores are K A and |W|^2 = tr(A' K A):
// after K nothing depends on the number of columns. <X'a, X'c> = a' K c makes any method that needs inner products only
// run here step for step as it would on W.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sparse_products.h"
#include "learn/matrix/gram.h"

namespace vgg16 {

/// Positions [first, first + count) of the Gram matrix.
struct Segment {
  int64_t first = 0;
  int64_t count = 0;
};
[[nodiscard]] int64_t total_count(const std::vector<Segment>& segments);

/// K restricted to some rows, and centred by their mean. Views; K and the pool must outlive it.
class RowSpaceOperator {
 public:
  /// `pool` shares the work of one product; nullptr where the caller itself runs on one of several threads.
  /// Either way the result is the same bits.
  RowSpaceOperator(const GramMatrix& k, std::vector<Segment> rows, const SparseProducts& products, ThreadPool* pool);

  [[nodiscard]] int64_t rows() const { return n_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }

  /// out = (I - J) K (I - J) v with J the mean over the rows: v and out (rows, vectors), column-major.
  void apply(const Eigen::MatrixXd& v, Eigen::MatrixXd& out) const;

  /// K[other, rows] (v - mean of v) - shift, with shift what apply() subtracts from its own rows: the scores of rows
  /// that the operator does not hold.
  [[nodiscard]] Eigen::MatrixXd apply_to_others(const Eigen::MatrixXd& v, const std::vector<Segment>& other) const;

  /// Diagonal of K (rows), not centred: it serves as a preconditioner and as a scale, which need no more.
  [[nodiscard]] Eigen::VectorXd diagonal() const;

  /// K[chosen, chosen] in float32, not centred, for multiply_chosen(); `chosen` counts the operator's rows, ascending.
  [[nodiscard]] Eigen::MatrixXf submatrix(const std::vector<Eigen::Index>& chosen) const;

  /// out = m v for m from submatrix(), in float32.
  void multiply_chosen(const Eigen::MatrixXf& m, const Eigen::MatrixXf& v, Eigen::MatrixXf& out) const;

  /// What apply(v) subtracts: the mean over the rows of K (I - J) v.
  [[nodiscard]] Eigen::RowVectorXd shift(const Eigen::MatrixXd& v) const;

 private:
  template <class Body>
  void share(int64_t count, const Body& body) const;
  void multiply(const Eigen::MatrixXd& v, const std::vector<Segment>& rows, Eigen::MatrixXd& out) const;

  const GramMatrix* k_;
  std::vector<Segment> segments_;
  const SparseProducts* products_;
  ThreadPool* pool_;
  int64_t n_;
  Eigen::RowVectorXd centred_mean_;  ///< of the rows of K, less its own mean
};

/// A model of the row space, with what it gives for its own rows.
struct RowSpacePoint {
  Eigen::MatrixXd a;          ///< coefficients of the training rows; every column sums to 0
  Eigen::MatrixXd scores;     ///< the operator's apply(a): centred over the training rows
  Eigen::VectorXd intercept;  ///< of these scores
};

}  // namespace vgg16
