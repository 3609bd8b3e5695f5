// The pictures of a list instead of a folder: list_dataset() and add_labels() of dataset.h.
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "extract/add_pictures.h"
#include "extract/shuffle.h"
#include "extract/walk.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

// Paths of a list as they are compared and recorded: as below the folder, where they say so. ".." is kept, because
// behind a link it leads elsewhere.
class PlainPaths {
 public:
  explicit PlainPaths(const std::filesystem::path& folder) : root_(plain(std::filesystem::absolute(folder).native())) {
    if (!root_.ends_with('/')) root_ += '/';
  }

  [[nodiscard]] std::string of(std::string_view path) const {
    std::string text = plain(path);
    if (text.starts_with(root_)) text.erase(0, root_.size());
    return text;
  }

 private:
  // Without "." and empty parts.
  static std::string plain(std::string_view path) {
    std::string text(path.starts_with('/') ? "/" : "");
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find('/'));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      if (part.empty() || part == ".") continue;
      if (!text.empty() && text.back() != '/') text += '/';
      text += part;
    }
    return text;
  }

  std::string root_;
};

[[noreturn]] void refuse_two_labels(const std::string& path, const std::string& first, const std::string& other) {
  throw Error(ErrorCode::kRefused, printable_path(path) + " is named twice, with the labels '" + printable_path(first) +
                                       "' and '" + printable_path(other) + "'; keep one of them");
}

// Why a picture cannot have a class, or "".
std::string reason_without_class(const std::string& category, bool has_label) {
  if (has_label) return category.empty() ? "it has no label" : "";
  const bool is_name = !category.empty() && category != "..";
  return is_name ? "" : "it has neither a label nor a folder in its path, whose name would be its class";
}

}  // namespace

Dataset list_dataset(const std::filesystem::path& folder, std::span<const LabelledPath> pictures,
                     std::optional<uint64_t> seed, int threads) {
  const StandardFloatingPoint mode;
  const PlainPaths plain(folder);
  Dataset dataset;
  dataset.folder = folder;
  std::vector<PictureCandidate> candidates;
  std::unordered_map<std::string, std::string> classes;
  for (const LabelledPath& picture : pictures) {
    const std::string path = plain.of(picture.path);
    const std::string category = picture.label                         ? *picture.label
                                 : path.find('/') == std::string::npos ? ""
                                                                       : holding_folder(path);
    const auto [first, is_new] = classes.try_emplace(path, category);
    if (!is_new) {
      if (first->second != category) refuse_two_labels(path, first->second, category);
      ++dataset.repeated;
      continue;
    }
    std::string reason = reason_without_class(category, picture.label.has_value());
    if (reason.empty()) {
      candidates.push_back({path, category});
    } else {
      dataset.skipped.push_back({path, std::move(reason)});
    }
  }
  if (seed) {
    std::sort(candidates.begin(), candidates.end(),
              [](const PictureCandidate& a, const PictureCandidate& b) { return a.path < b.path; });
    python_shuffle(std::span(candidates), *seed);
  }
  add_pictures(dataset, std::move(candidates), threads);
  return dataset;
}

void add_labels(std::vector<LabelledPath>& pictures, std::span<const LabelledPath> table,
                const std::filesystem::path& folder) {
  const PlainPaths plain(folder);
  std::unordered_map<std::string, std::string> labels;
  for (const LabelledPath& entry : table) {
    const std::string path = plain.of(entry.path);
    const std::string label = entry.label.value_or("");
    const auto [first, is_new] = labels.try_emplace(path, label);
    if (!is_new && first->second != label) refuse_two_labels(path, first->second, label);
  }
  for (LabelledPath& picture : pictures) {
    if (picture.label) continue;
    const auto found = labels.find(plain.of(picture.path));
    picture.label = found == labels.end() ? "" : found->second;
  }
}

}  // namespace vgg16
