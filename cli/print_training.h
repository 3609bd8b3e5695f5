// What training found, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vgg16/classifier.h"

namespace vgg16 {

/// The table of candidates, what it shows, the scores on the held-out rows, the confusion matrix where it fits a
/// screen, pictures that stand on both sides of the split, and, if `verbose`, the wrong predictions and how every fit
/// ended. `table` is what was trained on.
[[nodiscard]] std::string training_text(const Report& report, const FeatureTable& table, bool verbose);

[[nodiscard]] nlohmann::ordered_json training_json(const Report& report, const FeatureTable& table);

}  // namespace vgg16
