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
#include "learn/gram.h"
#include "learn/lbfgs.h"
#include "learn/products.h"
#include "learn/softmax.h"

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
  RowSpaceOperator(const GramMatrix& k, std::vector<Segment> rows, const Products& products, ThreadPool* pool);

  [[nodiscard]] int64_t rows() const { return n_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }

  /// out = (I - J) K (I - J) v with J the mean over the rows: v and out (rows, vectors), column-major.
  void apply(const Eigen::MatrixXd& v, Eigen::MatrixXd& out) const;

  /// K[other, rows] (v - mean of v) - shift, with shift what apply() subtracts from its own rows: the scores of rows
  /// that the operator does not hold.
  [[nodiscard]] Eigen::MatrixXd apply_to_others(const Eigen::MatrixXd& v, const std::vector<Segment>& other) const;

  /// What apply(v) subtracts: the mean over the rows of K (I - J) v.
  [[nodiscard]] Eigen::RowVectorXd shift(const Eigen::MatrixXd& v) const;

 private:
  void multiply(const Eigen::MatrixXd& v, const std::vector<Segment>& rows, Eigen::MatrixXd& out) const;

  const GramMatrix* k_;
  std::vector<Segment> segments_;
  const Products* products_;
  ThreadPool* pool_;
  int64_t n_;
};

/// One fit, as a problem for minimize_lbfgs.
class RowSpaceProblem {
 public:
  /// A vector of the row space: its coefficients, and K times them.
  struct Vector {
    Eigen::MatrixXd a;
    Eigen::MatrixXd ka;
  };

  /// Stops when the bound on (objective - optimum) / objective is at most `relative_gap`.
  RowSpaceProblem(const RowSpaceOperator& k, LogLoss& loss, double c, double relative_gap);

  [[nodiscard]] Vector zero() const;
  [[nodiscard]] const Eigen::VectorXd& intercept() const { return intercept_; }
  /// Where the search for the intercept starts: any value will do, a good one is faster.
  void set_intercept(Eigen::VectorXd intercept) { intercept_ = std::move(intercept); }

  double evaluate(const Vector& x, Vector& gradient);
  double slope(const Vector& x, const Vector& gradient, const Vector& direction);
  void complete_gradient(Vector& gradient);
  void complete_direction(Vector& /*direction*/) {}
  double dot(const Vector& u, const Vector& v);
  void add_scaled(double t, const Vector& from, Vector& to);
  void scale(double t, Vector& v);
  bool converged(double objective, double squared_gradient_norm) const;

  /// The objective, with the intercept profiled out, is 1-strongly convex in W: it exceeds its minimum by at most half
  /// the squared gradient norm. That half, over the smallest value the minimum can then have.
  [[nodiscard]] static double relative_gap(double objective, double squared_gradient_norm);

 private:
  const RowSpaceOperator* k_;
  LogLoss* loss_;
  double c_;
  double relative_gap_;
  Eigen::VectorXd intercept_;
  Eigen::MatrixXd residual_;
};

}  // namespace vgg16
