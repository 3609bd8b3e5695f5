// extract --dry-run: what extract would write, how large it would be and how long it would take.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

/// How long the rows of the plan take, in seconds, by the time that the first batch of its pictures took. `folder` is
/// the dataset's. Blocks for that time. Throws as Extractor.
[[nodiscard]] double estimated_seconds(const FeatureFilePlan& plan, const std::filesystem::path& folder,
                                       const std::shared_ptr<const Weights>& weights, const ExtractorOptions& network);

/// `output` is the features file that would be written.
[[nodiscard]] std::string dry_run_text(const FeatureFilePlan& plan, const std::string& output, double seconds);
[[nodiscard]] nlohmann::ordered_json dry_run_json(const FeatureFilePlan& plan, const std::string& output,
                                                  double seconds);

}  // namespace vgg16
