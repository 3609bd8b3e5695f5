// The log loss of many rows as a function of their scores, minimised over the intercept. Eliminating the intercept here
// leaves the optimisers with the coefficients only, in which the objective is strongly convex.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.h"

namespace vgg16 {

/// Columns of scores, and rows of coefficients, of a model: one per class with three classes or more (softmax); a
/// single one with two classes, the score of class 1 (sigmoid), as in scikit-learn.
[[nodiscard]] constexpr int64_t score_columns(int64_t classes) { return classes == 2 ? 1 : classes; }

/// The loss for n labelled rows in K classes, each row's multiplied by the weight of its class. Scores and residuals
/// are (n, columns()), column-major; columns() is score_columns(K). Owns scratch memory, so one thread at a time may
/// use it.
class LogLoss {
 public:
  /// labels are in 0 .. classes - 1, and every class must occur; classes >= 2. `weights` has one number above 0 per
  /// class; empty: all 1. With many classes the work is divided among the threads of `pool`, which must be nullptr if
  /// the caller itself runs on one of a pool's threads. The result has the same bits in both cases.
  LogLoss(std::vector<int> labels, int classes, ThreadPool* pool = nullptr, std::vector<double> weights = {});

  [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(labels_.size()); }
  [[nodiscard]] int columns() const { return static_cast<int>(score_columns(classes_)); }
  [[nodiscard]] const std::vector<int>& labels() const { return labels_; }
  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }

  /// Moves `intercept` from its present value to the minimum of the summed loss, by damped Newton steps in columns()
  /// dimensions. (For the softmax a common shift of all classes changes nothing; the mean of the intercept is kept.)
  /// Writes residual = P - Y, every row multiplied by its weight: the derivative of the summed loss with respect to
  /// the scores, whose columns then sum to 0. Returns the summed loss. With more than 64 classes the search ends when a
  /// step would lower the loss by less than about `unsettled`, because every step costs an evaluation of the loss or
  /// more, however little it gains.
  double evaluate(const Eigen::MatrixXd& scores, Eigen::VectorXd& intercept, Eigen::MatrixXd& residual,
                  double unsettled = 0);

 private:
  double softmax(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual);
  void softmax_rows(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::Index first,
                    Eigen::Index count, Eigen::MatrixXd* scratch, Eigen::MatrixXd& residual);
  double sigmoid(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual);

  std::vector<int> labels_;
  int classes_;
  ThreadPool* pool_;
  std::vector<double> weights_;           ///< per class
  Eigen::ArrayXd highest_;                ///< per row: scratch
  Eigen::ArrayXd others_;                 ///< per row: scratch
  Eigen::ArrayXd rest_;                   ///< per row: scratch
  Eigen::ArrayXd own_;                    ///< per row: scratch
  Eigen::ArrayXd loss_of_;                ///< per row: scratch
  std::vector<Eigen::MatrixXd> scratch_;  ///< with many classes: a block of rows for each thread
  Eigen::VectorXd candidate_;             ///< scratch
  Eigen::MatrixXd trial_;                 ///< residual of a trial step: scratch
};

/// The Hessian of the summed loss with respect to the intercept, (columns, columns), at one point: diag(P' S 1) - P' S
/// P with the rows' weights S. Up to 64 classes it is factorised; for more, where making it would take more time than
/// everything else, systems are solved by conjugate gradients.
class ClassCurvature {
 public:
  /// `residual` is S (P - Y), (n, columns); `weights` has one number per class. All must outlive this.
  ClassCurvature(const Eigen::MatrixXd& residual, const std::vector<int>& labels, const std::vector<double>& weights);

  /// Solves Hessian x = right. With three classes or more the Hessian is singular in the direction of a common shift of
  /// all classes, so the sum of `right` must be 0, as it is for a gradient. With more than 64 classes x is approximate:
  /// the norm of the remaining residual is about `share` of that of `right`.
  [[nodiscard]] Eigen::VectorXd solve(const Eigen::VectorXd& right, double share = 1e-6) const;

 private:
  [[nodiscard]] Eigen::VectorXd times(const Eigen::VectorXd& v) const;

  const Eigen::MatrixXd& residual_;
  const std::vector<int>& labels_;
  const std::vector<double>& weights_;
  Eigen::LDLT<Eigen::MatrixXd> factors_;  ///< up to 64 classes
  Eigen::VectorXd gradient_;              ///< more than 64 classes, as is diagonal_
  Eigen::VectorXd diagonal_;
};

/// The weight of each row, from those of the classes; empty: all 1.
[[nodiscard]] Eigen::ArrayXd row_weights(const std::vector<int>& labels, const std::vector<double>& weights);

/// P of residual = S (P - Y), with the rows' weights S; with two classes one column, the probability of class 1.
[[nodiscard]] Eigen::MatrixXd probabilities_of(const Eigen::MatrixXd& residual, const std::vector<int>& labels,
                                               const Eigen::ArrayXd& weight);

/// Class probabilities (n, K) of scores (n, columns) that include the intercept.
[[nodiscard]] Eigen::MatrixXd probabilities(const Eigen::MatrixXd& scores);
/// The same of one row, whose K numbers begin with its `columns` scores, in place. Allocates nothing.
void probabilities_of_row(size_t columns, std::span<double> row);

}  // namespace vgg16
