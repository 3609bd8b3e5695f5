// The log losses of many rows as a function of their scores, the intercept being the best one for those scores.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "kernels/parallel.h"

namespace vgg16 {

/// Labels of n rows in K classes. Three classes or more have one column of scores each (softmax); two classes have one
/// column, the score of class 1 (sigmoid): columns() tells. Scores, residuals: (n, columns()), column-major.
class LogLoss {
 public:
  /// Every class occurs among the labels, each 0 .. classes - 1; classes is at least 2. `pool` shares the work on many
  /// classes; nullptr where the caller itself runs on one of several threads. Either way the result is the same bits.
  LogLoss(std::vector<int> labels, int classes, ThreadPool* pool = nullptr);

  [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(labels_.size()); }
  [[nodiscard]] int columns() const { return classes_ == 2 ? 1 : classes_; }
  [[nodiscard]] const std::vector<int>& labels() const { return labels_; }

  /// Moves `intercept` from where it is to the minimum of the summed loss (damped Newton in columns() dimensions; for
  /// the softmax, where a common shift changes nothing, its mean is kept). Writes residual = P - Y, the derivative of
  /// the summed loss by each score, whose columns then sum to 0; returns the summed loss. Of more than 64 classes the
  /// search ends where a step would gain less than `unsettled`: the last steps are as dear as the first.
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
  Eigen::ArrayXd highest_;                ///< per row: scratch
  Eigen::ArrayXd others_;                 ///< per row: scratch
  Eigen::ArrayXd rest_;                   ///< per row: scratch
  Eigen::ArrayXd own_;                    ///< per row: scratch
  Eigen::ArrayXd loss_of_;                ///< per row: scratch
  std::vector<Eigen::MatrixXd> scratch_;  ///< of many classes: some rows, for each thread
  Eigen::VectorXd candidate_;             ///< scratch
  Eigen::MatrixXd trial_;                 ///< residual of a trial step: scratch
};

/// Second derivative of the summed loss by the intercept, (columns, columns), at one point. Of few classes it is
/// factorized; of many, where that would outgrow everything else, systems are solved by conjugate gradients. Views.
class ClassCurvature {
 public:
  /// `residual` (n, columns), P - Y, and the rows' labels must outlive it.
  ClassCurvature(const Eigen::MatrixXd& residual, const std::vector<int>& labels);

  /// x of curvature x = right, whose sum is 0 as that of every gradient: a common shift of all classes has no
  /// curvature. Of many classes the norm of what is left of `right` is about its `share`.
  [[nodiscard]] Eigen::VectorXd solve(const Eigen::VectorXd& right, double share = 1e-6) const;

 private:
  [[nodiscard]] Eigen::VectorXd times(const Eigen::VectorXd& v) const;

  const Eigen::MatrixXd& residual_;
  const std::vector<int>& labels_;
  Eigen::LDLT<Eigen::MatrixXd> factors_;  ///< of few classes
  Eigen::VectorXd gradient_;              ///< of many classes, as is the rest
  Eigen::VectorXd diagonal_;
};

/// Class probabilities (n, K) of scores (n, columns) that already hold the intercept.
[[nodiscard]] Eigen::MatrixXd probabilities(const Eigen::MatrixXd& scores);

}  // namespace vgg16
