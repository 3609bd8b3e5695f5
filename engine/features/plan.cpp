#include "features/plan.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "vgg16/error.h"
#include "vocabulary/recipe_fields.h"

namespace vgg16 {
namespace {

// HDF5's variable-length text is zero-terminated.
void require_text(const std::string& text, std::string_view what) {
  require(text.find('\0') == std::string::npos, ErrorCode::kInvalidArgument,
          std::string(what) + " '" + printable(text) + "' holds a zero byte, which the file cannot store");
}

// FNV-1a with 64 bits (Fowler, Noll and Vo): distinguishes plans, but is no protection against deliberate collisions.
class Digest {
 public:
  void add(int64_t value) {
    for (int shift = 0; shift < 64; shift += 8) add_byte(static_cast<uint8_t>(static_cast<uint64_t>(value) >> shift));
  }
  void add(const std::string& text) {
    add(static_cast<int64_t>(text.size()));
    for (const char c : text) add_byte(static_cast<uint8_t>(c));
  }
  [[nodiscard]] std::string hex() const {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(state_ >> shift) & 15U];
    return text;
  }

 private:
  void add_byte(uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001B3U; }
  uint64_t state_ = 0xCBF29CE484222325U;
};

std::string differ(std::string_view what, const std::string& there, const std::string& now) {
  const auto shown = [](const std::string& value) {  // of a digest the first 12 digits, which suffice to compare
    return "'" + printable(value.size() > 40 ? value.substr(0, 12) + "..." : value) + "'";
  };
  return std::string(what) + " (" + shown(there) + " there, " + shown(now) + " now)";
}

std::string differ(std::string_view what, int64_t there, int64_t now) {
  return differ(what, std::to_string(there), std::to_string(now));
}

std::string type_name(FeatureType type) { return type == FeatureType::kF16 ? "f16" : "f32"; }

// "2/8", or "none" for the plan of all pictures.
std::string shard_name(const std::optional<ShardPlan>& shard) {
  return shard ? std::to_string(shard->shard.index) + "/" + std::to_string(shard->shard.count) : "none";
}

// Every path of a plan with its picture, or with null if it is skipped.
std::map<std::string_view, const PictureFile*> paths_of(const FeatureFilePlan& plan) {
  std::map<std::string_view, const PictureFile*> paths;
  for (const PictureFile& picture : plan.pictures) paths.emplace(picture.path, &picture);
  for (const SkippedPicture& skipped : plan.skipped) paths.emplace(skipped.path, nullptr);
  return paths;
}

// The first difference between the pictures of two plans. Compares paths before the order, because one file more or
// less, even one that is skipped, changes the order of all (the shuffle is over all paths).
std::string picture_difference(const FeatureFilePlan& there, const FeatureFilePlan& now) {
  const auto before = paths_of(there);
  const auto after = paths_of(now);
  const std::string shard = now.shard ? " in this shard" : "";
  for (const auto& [path, picture] : after) {
    if (!before.contains(path)) return printable(path) + " is new" + shard;
  }
  // That a picture is now skipped, or no longer, is reported only if nothing else differs: a finished file also lists
  // as skipped what could not be decoded, which a plan before the work cannot know.
  std::string change;
  for (const auto& [path, was] : before) {
    const auto found = after.find(path);
    if (found == after.end()) return printable(path) + (now.shard ? " is no longer in this shard" : " is gone");
    const PictureFile* picture = found->second;
    if ((was == nullptr) != (picture == nullptr)) {
      change = printable(path) + (picture == nullptr ? " is skipped now" : " is no longer skipped");
    } else if (was != nullptr && (was->size_bytes != picture->size_bytes || was->crc32 != picture->crc32)) {
      return "the contents of " + printable(path) + " have changed";
    }
  }
  if (!change.empty()) return change;
  if (there.pictures.size() != now.pictures.size() || there.skipped.size() != now.skipped.size()) {
    return "a path occurs twice";
  }
  for (size_t i = 0; i < now.pictures.size(); ++i) {
    const PictureFile& picture = now.pictures[i];
    if (there.pictures[i].path != picture.path) return "the order differs from row " + std::to_string(i) + " on";
    if (there.pictures[i].label != picture.label) return "the class differs for " + printable(picture.path);
  }
  for (size_t i = 0; i < now.skipped.size(); ++i) {
    const SkippedPicture& skipped = now.skipped[i];
    if (there.skipped[i].path != skipped.path || there.skipped[i].reason != skipped.reason) {
      return "the reason to skip differs for " + printable(skipped.path);
    }
  }
  return {};
}

}  // namespace

void require_valid_plan(const FeatureFilePlan& plan) {
  require(plan.columns > 0, ErrorCode::kInvalidArgument, "a features file needs at least one column");
  require(!plan.pictures.empty() || plan.shard, ErrorCode::kInvalidArgument, "a features file needs at least one row");
  require(!plan.shard || plan.shard->row_numbers.size() == plan.pictures.size(), ErrorCode::kInvalidArgument,
          "a shard needs one row number per picture");
  int64_t bytes = 0;  // of all rows: at most 2^62, which leaves enough for the header below 2^63
  require(!__builtin_mul_overflow(plan.columns * 4, static_cast<int64_t>(plan.pictures.size()), &bytes) &&
              plan.columns <= (int64_t{1} << 48) && bytes <= (int64_t{1} << 62),
          ErrorCode::kInvalidArgument, "a features file cannot be that large");
  const auto classes = static_cast<int64_t>(plan.label_names.size());
  for (const std::string& name : plan.label_names) require_text(name, "class");
  for (const PictureFile& picture : plan.pictures) {
    require_text(picture.path, "path");
    require(picture.label >= 0 && picture.label < classes, ErrorCode::kInvalidArgument,
            printable(picture.path) + " has label " + std::to_string(picture.label) + ", expected one below " +
                std::to_string(classes));
  }
  for (const SkippedPicture& skipped : plan.skipped) {
    require_text(skipped.path, "path");
    require_text(skipped.reason, "reason");
  }
  for (const RecipeField& field : kRecipeFields) require_text(plan.recipe.*field.value, field.words);
}

// Every value that determines the file's bytes, except the shard, in a fixed order. Texts come with their lengths, so
// that ("ab", "c") and ("a", "bc") differ.
std::string plan_digest(const FeatureFilePlan& plan) {
  Digest digest;
  digest.add(plan.columns);
  digest.add(type_name(plan.type));
  digest.add(static_cast<int64_t>(plan.label_names.size()));
  for (const std::string& name : plan.label_names) digest.add(name);
  digest.add(static_cast<int64_t>(plan.pictures.size()));
  for (const PictureFile& picture : plan.pictures) {
    digest.add(picture.path);
    digest.add(picture.label);
    digest.add(picture.size_bytes);
    digest.add(int64_t{picture.crc32});
  }
  for (const SkippedPicture& skipped : plan.skipped) {
    digest.add(skipped.path);
    digest.add(skipped.reason);
  }
  for (const RecipeField& field : kRecipeFields) digest.add(plan.recipe.*field.value);
  digest.add(plan.seed);
  return digest.hex();
}

FeatureFilePlan shard_plan(const FeatureFilePlan& whole, Shard shard) {
  require(shard.count >= 1 && shard.index >= 1 && shard.index <= shard.count, ErrorCode::kInvalidArgument,
          "shard " + std::to_string(shard.index) + "/" + std::to_string(shard.count) +
              " does not exist; expected I/N with I from 1 to N");
  require(!whole.shard, ErrorCode::kInvalidArgument, "a shard cannot be divided again");
  FeatureFilePlan part = whole;
  part.pictures.clear();
  part.shard = ShardPlan{.shard = shard,
                         .total_rows = static_cast<int64_t>(whole.pictures.size()),
                         .plan_digest = plan_digest(whole),
                         .row_numbers = {}};
  // Every count-th row, so that the sizes of shards differ by one row at most.
  for (int64_t row = shard.index - 1; row < part.shard->total_rows; row += shard.count) {
    part.pictures.push_back(whole.pictures[static_cast<size_t>(row)]);
    part.shard->row_numbers.push_back(row);
  }
  return part;
}

FeatureFilePlan without_rows(const FeatureFilePlan& plan, const std::map<int64_t, std::string>& dropped) {
  FeatureFilePlan kept = plan;
  kept.pictures.clear();
  if (kept.shard) kept.shard->row_numbers.clear();
  for (size_t row = 0; row < plan.pictures.size(); ++row) {
    const auto found = dropped.find(static_cast<int64_t>(row));
    if (found != dropped.end()) {
      kept.skipped.push_back({plan.pictures[row].path, found->second});
      continue;
    }
    kept.pictures.push_back(plan.pictures[row]);
    if (kept.shard) kept.shard->row_numbers.push_back(plan.shard->row_numbers[row]);
  }
  std::sort(kept.skipped.begin(), kept.skipped.end(), [](const SkippedPicture& a, const SkippedPicture& b) {
    return std::tie(a.path, a.reason) < std::tie(b.path, b.reason);
  });
  if (!kept.shard) remove_unused_classes(kept);
  return kept;
}

// Labels are renumbered in the same order, so that label_names stays sorted.
void remove_unused_classes(FeatureFilePlan& plan) {
  std::vector<int64_t> new_label(plan.label_names.size(), -1);
  for (const PictureFile& picture : plan.pictures) new_label[static_cast<size_t>(picture.label)] = 0;
  std::vector<std::string> used;
  for (size_t label = 0; label < new_label.size(); ++label) {
    if (new_label[label] < 0) continue;
    new_label[label] = static_cast<int64_t>(used.size());
    used.push_back(std::move(plan.label_names[label]));
  }
  plan.label_names = std::move(used);
  for (PictureFile& picture : plan.pictures) picture.label = new_label[static_cast<size_t>(picture.label)];
}

std::string recipe_difference(const Recipe& there, const Recipe& now) {
  for (const RecipeField& field : kRecipeFields) {
    if (there.*field.value != now.*field.value) {
      return differ(field.difference, there.*field.value, now.*field.value);
    }
  }
  return {};
}

std::string plan_difference(const FeatureFilePlan& there, const FeatureFilePlan& now) {
  // From the most general to the most specific: with other weights or another layer, nothing else is worth naming.
  const std::string recipes = recipe_difference(there.recipe, now.recipe);
  if (!recipes.empty()) return recipes;
  if (there.type != now.type) return differ("stored types differ", type_name(there.type), type_name(now.type));
  if (there.columns != now.columns) return differ("numbers of columns differ", there.columns, now.columns);
  if (there.seed != now.seed) return differ("seeds differ", there.seed, now.seed);
  if (shard_name(there.shard) != shard_name(now.shard)) {
    return differ("shards differ", shard_name(there.shard), shard_name(now.shard));
  }
  const std::string difference = picture_difference(there, now);
  if (!difference.empty()) return "pictures differ: " + difference;
  if (there.label_names != now.label_names) return "class names differ";
  if (there.shard && there.shard->plan_digest != now.shard->plan_digest) return "pictures of other shards differ";
  return {};
}

}  // namespace vgg16
