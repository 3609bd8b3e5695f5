// Operations on the plan of a features file: checking, identifying, dropping rows, comparing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "vgg16/feature_file.h"

namespace vgg16 {

/// Throws Error{kInvalidArgument} unless a file can be made of the plan.
void require_valid_plan(const FeatureFilePlan& plan);

/// A digest of all values of a plan except its shard; 16 hexadecimal digits.
[[nodiscard]] std::string plan_digest(const FeatureFilePlan& plan);

/// `plan` without the rows in `dropped` (row to reason), which become skipped pictures; these are sorted by path.
/// Classes that lose their last picture are removed, except in a shard: another shard may have pictures of the class.
[[nodiscard]] FeatureFilePlan without_rows(const FeatureFilePlan& plan, const std::map<int64_t, std::string>& dropped);

/// Removes the classes without pictures and renumbers the others.
void remove_unused_classes(FeatureFilePlan& plan);

/// The first difference between two recipes, such as "pools differ ('avg' there, '2x2' now)"; empty if they are the
/// same.
[[nodiscard]] std::string recipe_difference(const Recipe& there, const Recipe& now);

/// The first difference between two plans, such as "seeds differ ('1' there, '2' now)"; empty if they are the same.
[[nodiscard]] std::string plan_difference(const FeatureFilePlan& there, const FeatureFilePlan& now);

}  // namespace vgg16
