// What a classifier other than logistic regression is worth, and what only forests have, as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vgg16/classifier.h"

namespace vgg16 {

/// A line about logistic regression in the same folds, if it was better there; otherwise nothing.
[[nodiscard]] std::string logistic_text(const Report& report);
[[nodiscard]] nlohmann::ordered_json logistic_json(const Report& report);

/// The out-of-bag accuracy; the positions and channels that its splits gained most from, if the features have any.
[[nodiscard]] std::string forest_text(const Report& report);
[[nodiscard]] nlohmann::ordered_json forest_json(const Report& report);

}  // namespace vgg16
