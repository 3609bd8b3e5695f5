// Probabilities of a linear SVM: Platt's sigmoid of each class.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// The sigmoid of each column of scores (rows, columns), with which it predicts best whether a row belongs to the
/// column's class: scikit-learn's CalibratedClassifierCV(method="sigmoid"). With two classes the only column belongs to
/// class 1. The scores must be of rows that the SVM was not trained on. `weights` has one number per class; empty:
/// all 1. Platt, in Advances in Large Margin Classifiers, 1999, with his targets that keep probabilities from 0 and 1;
/// minimised by the Newton method of Lin, Lin and Weng, Machine Learning 68, 2007, algorithm 1.
[[nodiscard]] std::vector<Sigmoid> fit_sigmoids(const Eigen::MatrixXd& scores, std::span<const int> labels,
                                                const std::vector<double>& weights, ThreadPool& pool);

/// Scores whose softmax (or sigmoid, of one column) are the probabilities of the sigmoids, divided by their sum: the
/// logarithms of these probabilities, or, of one column, the log-odds. So everything that follows treats both
/// classifiers alike.
[[nodiscard]] Eigen::MatrixXd calibrated_scores(const Eigen::MatrixXd& scores, std::span<const Sigmoid> sigmoids);
/// The same of one row, in place. Allocates nothing.
void calibrate_row(std::span<double> scores, std::span<const Sigmoid> sigmoids);

}  // namespace vgg16
