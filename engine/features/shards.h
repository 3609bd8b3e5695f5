// The parts of a run that extract --shard has divided.
#pragma once

#include <filesystem>
#include <vector>

#include "vgg16/feature_file.h"

namespace vgg16 {

struct ShardFile {
  std::filesystem::path path;
  FeatureFilePlan plan;  ///< plan.shard has a value
};

/// Throws Error{kRefused} unless `parts` are all shards of one run, each once; lists those that are missing.
void require_all_shards(const std::vector<ShardFile>& parts);

}  // namespace vgg16
