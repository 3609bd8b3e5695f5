// Scores of predictions, in scikit-learn's definitions.
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

/// Accuracy, balanced accuracy (the mean recall of the classes that have rows) or macro F1 (the mean over the classes
/// that have rows or predictions) of classes 0 .. classes - 1; 0 for no rows.
[[nodiscard]] double score_of(Score score, std::span<const int> labels, std::span<const int> predicted, int classes);

/// The predicted class for each row of scores (rows, columns) that include the intercept: the class with the highest
/// score, the first of several. Two classes have one column; class 1 is predicted if its score is above 0.
[[nodiscard]] std::vector<int> predicted_classes(const Eigen::MatrixXd& scores);

/// The mean of minus the logarithm of the true class's probability; 0 for no rows. Computed from the scores, so that it
/// is finite even if the probability is too small for a double.
[[nodiscard]] double mean_log_loss(const Eigen::MatrixXd& scores, std::span<const int> labels);

/// Sets accuracy, its interval, per_class, macro_average, weighted_average and confusion of `report`, whose classes
/// and tested_on must be set. As in scikit-learn, a score that is 0/0 becomes 0, with a warning.
void score_predictions(std::span<const int> labels, std::span<const int> predicted, Report& report);

/// Wilson's 95 % interval for a share of `right` among `rows`; 0 to 1 for no rows.
[[nodiscard]] std::pair<double, double> wilson_interval(int64_t right, int64_t rows);

/// Report::calibration.
[[nodiscard]] std::vector<CalibrationBin> calibration_bins(const std::vector<HeldOutPrediction>& predictions);

/// The expected calibration error: the mean over rows of |mean probability - accuracy| of their bin. 0 for no rows.
[[nodiscard]] double calibration_error(const std::vector<CalibrationBin>& bins);

/// What becomes of the rows at each of Report::refusals' probabilities.
[[nodiscard]] std::vector<Refusals> count_refusals(const std::vector<HeldOutPrediction>& predictions);

/// Remarks on the candidates: which ones tie for the best score and which of these has the lowest log loss, and whether
/// the best one is the smallest or largest value that was tried.
[[nodiscard]] std::vector<std::string> search_notes(const std::vector<Candidate>& candidates, size_t best, Score score);

/// Sets mean, deviation and rank of each candidate from its fold scores, and returns the index of the first of rank 1.
/// Candidates with an infinite gap, for which a fit failed, rank after all others.
[[nodiscard]] size_t rank_candidates(std::vector<Candidate>& candidates, Score score);

}  // namespace vgg16
