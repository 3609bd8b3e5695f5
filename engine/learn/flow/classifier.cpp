#include "vgg16/classifier.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "learn/flow/calibration.h"
#include "learn/solve/softmax.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {

std::string_view classifier_name(ClassifierKind kind) { return kind == ClassifierKind::kSvm ? "svm" : "logistic"; }

std::string_view solver_name(Solver solver) {
  return solver == Solver::kAuto ? "auto" : solver == Solver::kNewton ? "newton" : "lbfgs";
}

std::vector<double> Classifier::predict_probabilities(std::span<const float> row) const {
  const StandardFloatingPoint mode;
  require(static_cast<int64_t>(row.size()) == columns, ErrorCode::kShape,
          "a row of " + std::to_string(row.size()) + " numbers, expected " + std::to_string(columns) +
              " as the model was trained on");
  // In double, column by column: the same order of summation for every model and machine.
  Eigen::MatrixXd score(1, static_cast<Eigen::Index>(intercept.size()));
  for (size_t i = 0; i < intercept.size(); ++i) {
    const double* w = coef.data() + i * row.size();
    double sum = 0;
    for (size_t d = 0; d < row.size(); ++d) sum += w[d] * row[d];
    score(0, static_cast<Eigen::Index>(i)) = sum + intercept[i];
  }
  require(score.allFinite(), ErrorCode::kRefused,
          "the scores of a row are not finite: a coefficient or a number of the row is too large or not finite");
  const Eigen::MatrixXd p = probabilities(kind == ClassifierKind::kSvm ? calibrated_scores(score, sigmoids) : score);
  return {p.data(), p.data() + p.size()};
}

}  // namespace vgg16
