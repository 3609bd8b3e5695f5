// The log losses of many rows as a function of their scores, the intercept being the best one for those scores.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace vgg16 {

/// Labels of n rows in K classes. Three classes or more have one column of scores each (softmax); two classes have one
/// column, the score of class 1 (sigmoid): columns() tells. Scores, residuals: (n, columns()), column-major.
class LogLoss {
 public:
  /// Every class occurs among the labels, each 0 .. classes - 1; classes is at least 2.
  LogLoss(std::vector<int> labels, int classes);

  [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(labels_.size()); }
  [[nodiscard]] int columns() const { return classes_ == 2 ? 1 : classes_; }
  [[nodiscard]] const std::vector<int>& labels() const { return labels_; }

  /// Moves `intercept` from where it is to the minimum of the summed loss (damped Newton in columns() dimensions; for
  /// the softmax, where a common shift changes nothing, its mean is kept). Writes residual = P - Y, the derivative of
  /// the summed loss by each score, whose columns then sum to 0; returns the summed loss.
  double evaluate(const Eigen::MatrixXd& scores, Eigen::VectorXd& intercept, Eigen::MatrixXd& residual);

 private:
  double softmax(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual);
  double sigmoid(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual);
  [[nodiscard]] Eigen::VectorXd newton_step(const Eigen::MatrixXd& residual, const Eigen::VectorXd& gradient);

  std::vector<int> labels_;
  int classes_;
  Eigen::ArrayXd highest_;       ///< per row: scratch
  Eigen::ArrayXd others_;        ///< per row: scratch
  Eigen::MatrixXd probability_;  ///< (n, columns()): scratch
  Eigen::VectorXd candidate_;    ///< scratch
  Eigen::MatrixXd trial_;        ///< residual of a trial step: scratch
};

/// Second derivative of the summed loss by the intercept, (columns, columns), from the probabilities p (n, columns),
/// made regular where a common shift of all classes has no curvature.
[[nodiscard]] Eigen::MatrixXd class_curvature(const Eigen::MatrixXd& p);

/// Class probabilities (n, K) of scores (n, columns) that already hold the intercept.
[[nodiscard]] Eigen::MatrixXd probabilities(const Eigen::MatrixXd& scores);

}  // namespace vgg16
