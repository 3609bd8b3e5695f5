#include "features/shards.h"

#include <map>
#include <string>

#include "features/plan.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

std::string shown(const ShardFile& part) { return printable_path(part.path); }

// How two parts differ in what all parts must have in common: everything except their own rows and index.
std::string difference(const ShardFile& a, const ShardFile& b) {
  // Compares copies in which the parts' own rows, skipped pictures and index are removed.
  FeatureFilePlan first = a.plan;
  FeatureFilePlan second = b.plan;
  for (FeatureFilePlan* plan : {&first, &second}) {
    plan->pictures.clear();
    plan->skipped.clear();
    plan->shard->shard.index = 1;
  }
  std::string found = plan_difference(first, second);
  if (found.empty() && a.plan.shard->total_rows != b.plan.shard->total_rows) found = "numbers of pictures differ";
  return found;
}

}  // namespace

void require_all_shards(const std::vector<ShardFile>& parts) {
  std::map<int64_t, const ShardFile*> by_index;
  for (const ShardFile& part : parts) {
    const std::string found = difference(parts.front(), part);
    require(found.empty(), ErrorCode::kRefused,
            shown(part) + " and " + shown(parts.front()) + " belong to different runs: " + found);
    const auto [other, is_new] = by_index.emplace(part.plan.shard->shard.index, &part);
    require(is_new, ErrorCode::kRefused,
            shown(part) + " and " + shown(*other->second) + " are the same shard, " +
                std::to_string(part.plan.shard->shard.index) + "/" + std::to_string(part.plan.shard->shard.count));
  }
  const int64_t count = parts.front().plan.shard->shard.count;
  std::string missing;
  for (int64_t index = 1; index <= count && missing.size() < 200; ++index) {
    if (!by_index.contains(index)) missing += (missing.empty() ? "" : ", ") + std::to_string(index);
  }
  const bool one = missing.find(',') == std::string::npos;
  require(missing.empty(), ErrorCode::kRefused,
          (one ? "shard " : "shards ") + missing + " of " + std::to_string(count) +
              (one ? " is missing; add its file to the command" : " are missing; add their files to the command"));
}

}  // namespace vgg16
