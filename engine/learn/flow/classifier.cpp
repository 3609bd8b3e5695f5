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
  std::vector<double> out(classes.size());
  predict_probabilities(row, out);
  return out;
}

void Classifier::predict_probabilities(std::span<const float> row, std::span<double> out) const {
  const StandardFloatingPoint mode;
  if (static_cast<int64_t>(row.size()) != columns) {  // no message is made where it is not needed
    throw Error(ErrorCode::kShape, "a row of " + std::to_string(row.size()) + " numbers, expected " +
                                       std::to_string(columns) + " as the model was trained on");
  }
  require(out.size() == classes.size() && out.size() >= intercept.size(), ErrorCode::kShape,
          "room for probabilities of another number of classes than the model has");
  // In double, column by column: the same order of summation for every model and machine.
  const std::span<double> scores = out.first(intercept.size());
  bool finite = true;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double* w = coef.data() + i * row.size();
    double sum = 0;
    for (size_t d = 0; d < row.size(); ++d) sum += w[d] * row[d];
    scores[i] = sum + intercept[i];
    finite = finite && std::isfinite(scores[i]);
  }
  require(finite, ErrorCode::kRefused,
          "the scores of a row are not finite: a coefficient or a number of the row is too large or not finite");
  if (kind == ClassifierKind::kSvm) calibrate_row(scores, sigmoids);
  probabilities_of_row(scores.size(), out);
}

}  // namespace vgg16
