// The results of training as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "print_report.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// What was trained and tested on; `held_out` has the rows of Report::predictions, and is `table` unless there was a
/// test table.
struct TrainedOn {
  const FeatureTable& table;
  const FeatureTable& held_out;
};

struct TextOptions {
  bool verbose = false;      ///< all rows of each list, and the certificate of every fit
  size_t width = kAnyWidth;  ///< code points in a line, except where a name has more
};

/// The table of candidates and remarks on it, the scores on the held-out rows, the confusion matrix (up to 12 classes,
/// if it fits), pictures that are among both the training and the held-out rows, labels that may be wrong, and wrong
/// predictions, at most ten each.
[[nodiscard]] std::string training_text(const Report& report, const TrainedOn& tables, const TextOptions& options);

[[nodiscard]] nlohmann::ordered_json training_json(const TrainResult& result, const TrainedOn& tables);

}  // namespace vgg16
