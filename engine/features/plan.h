// What a features file will hold, and how one plan becomes another.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "vgg16/feature_file.h"

namespace vgg16 {

/// Throws Error{kInvalidArgument} unless the plan can become a file.
void require_valid_plan(const FeatureFilePlan& plan);

/// Identifies a plan by all of its values; 16 hexadecimal digits.
[[nodiscard]] std::string plan_digest(const FeatureFilePlan& plan);

/// `plan` without the rows in `dropped` (row to reason), which join its skipped pictures, sorted by path. In a whole
/// plan, classes without a picture go too, as if the dropped ones had never been there; a shard keeps all.
[[nodiscard]] FeatureFilePlan without_rows(const FeatureFilePlan& plan, const std::map<int64_t, std::string>& dropped);

/// Takes out the classes that no picture has, and renumbers the others.
void remove_unused_classes(FeatureFilePlan& plan);

/// In which way two runs differ, as "seeds differ ('1' there, '2' now)", or empty if they are the same.
[[nodiscard]] std::string plan_difference(const FeatureFilePlan& there, const FeatureFilePlan& now);

}  // namespace vgg16
