// How good predictions are.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vgg16/classifier.h"

namespace vgg16 {

/// Share of rows whose prediction equals the label; 0 for no rows.
[[nodiscard]] double accuracy_of(std::span<const int> labels, std::span<const int> predicted);

/// The predicted class of each row of scores (rows, columns) that hold the intercept: the first of the highest; of two
/// classes, which have one column, the second only where its score is above 0.
[[nodiscard]] std::vector<int> predicted_classes(const Eigen::MatrixXd& scores);

/// Mean over rows of minus the logarithm of the true class's probability, computed from the scores so that a
/// probability too small for a double still counts; 0 for no rows.
[[nodiscard]] double mean_log_loss(const Eigen::MatrixXd& scores, std::span<const int> labels);

/// Fills accuracy, per_class, macro_average, weighted_average and confusion of `report` from its classes, with
/// scikit-learn's meanings. A score that is 0/0 becomes 0 and a sentence in report.warnings, as there.
void score_predictions(std::span<const int> labels, std::span<const int> predicted, Report& report);

/// Wilson's 95 % interval for a share of `right` among `rows`; 0 to 1 for no rows.
[[nodiscard]] std::pair<double, double> wilson_interval(int64_t right, int64_t rows);

/// Expected calibration error: rows in ten bins of equal width by the probability given to the predicted class, the
/// distance of its mean from the bin's accuracy, weighted by rows. 0 for no rows.
[[nodiscard]] double calibration_error(const std::vector<HeldOutPrediction>& predictions);

/// Sentences about candidates: which tie for the best, what log loss says about them, and whether the best is at an end
/// of the values that were tried.
[[nodiscard]] std::vector<std::string> search_notes(const std::vector<Candidate>& candidates, size_t best);

/// Fills mean, deviation and rank of each candidate from its fold scores, and returns the first of rank 1. Those whose
/// gap is infinite, since a fit failed, come after all others.
[[nodiscard]] size_t rank_candidates(std::vector<Candidate>& candidates);

}  // namespace vgg16
