#include "extract/add_pictures.h"

#include <algorithm>
#include <span>
#include <utility>

#include "extract/check_files.h"
#include "vgg16/names.h"

namespace vgg16 {
namespace {

// Paths as the system gives them until here, because files are opened by them.
void escape_and_sort(std::vector<SkippedPicture>& skipped) {
  for (SkippedPicture& picture : skipped) picture.path = escape_name(picture.path);
  std::sort(skipped.begin(), skipped.end(),
            [](const SkippedPicture& a, const SkippedPicture& b) { return a.path < b.path; });
}

}  // namespace

void add_pictures(Dataset& dataset, std::vector<PictureCandidate> candidates, int threads) {
  std::vector<std::string> paths;
  paths.reserve(candidates.size());
  for (PictureCandidate& candidate : candidates) paths.push_back(std::move(candidate.path));
  std::vector<CheckedPicture> checked = check_pictures(dataset.folder, paths, threads);
  std::vector<std::string> classes;  // of each picture, in row order
  for (size_t i = 0; i < checked.size(); ++i) {
    if (!checked[i].reason.empty()) {
      dataset.skipped.push_back({std::move(paths[i]), std::move(checked[i].reason)});
      continue;
    }
    classes.push_back(std::move(candidates[i].category));
    dataset.pictures.push_back(
        {.path = escape_name(paths[i]), .label = 0, .size_bytes = checked[i].size_bytes, .crc32 = checked[i].crc32});
  }
  // Only names with a usable picture, sorted bytewise: independent of the locale and of the order of the pictures.
  dataset.label_names = classes;
  std::sort(dataset.label_names.begin(), dataset.label_names.end());
  dataset.label_names.erase(std::unique(dataset.label_names.begin(), dataset.label_names.end()),
                            dataset.label_names.end());
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto found = std::lower_bound(dataset.label_names.begin(), dataset.label_names.end(), classes[i]);
    dataset.pictures[i].label = found - dataset.label_names.begin();
  }
  for (std::string& name : dataset.label_names) name = escape_name(name);
  escape_and_sort(dataset.skipped);
  escape_and_sort(dataset.unlisted);
}

}  // namespace vgg16
