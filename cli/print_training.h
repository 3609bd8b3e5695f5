// What training found, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vgg16/classifier.h"

namespace vgg16 {

/// The table of candidates, the scores on the held-out rows, the confusion matrix where it fits a screen, and, if
/// `verbose`, how every fit ended.
[[nodiscard]] std::string training_text(const Report& report, bool verbose);

[[nodiscard]] nlohmann::ordered_json training_json(const Report& report);

}  // namespace vgg16
