// The results of training as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vgg16/classifier.h"

namespace vgg16 {

/// What was trained and tested on; `held_out` has the rows of Report::predictions, and is `table` unless there was a
/// test table.
struct TrainedOn {
  const FeatureTable& table;
  const FeatureTable& held_out;
};

/// The table of candidates and remarks on it, the scores on the held-out rows, the confusion matrix (up to 12 classes),
/// pictures that are among both the training and the held-out rows, labels that may be wrong, and, if `verbose`, all of
/// these instead of ten, the wrong predictions and the certificate of every fit.
[[nodiscard]] std::string training_text(const Report& report, const TrainedOn& tables, bool verbose);

[[nodiscard]] nlohmann::ordered_json training_json(const TrainResult& result, const TrainedOn& tables);

}  // namespace vgg16
