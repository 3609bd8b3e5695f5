#include "vgg16/dataset.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "extract/add_pictures.h"
#include "extract/check_files.h"
#include "extract/shuffle.h"
#include "extract/walk.h"
#include "vgg16/error.h"
#include "vgg16/image.h"
#include "vgg16/names.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

void sort_by_path(std::vector<SkippedPicture>& skipped) {
  std::sort(skipped.begin(), skipped.end(),
            [](const SkippedPicture& a, const SkippedPicture& b) { return a.path < b.path; });
}

// Names the first five; there may be thousands.
[[noreturn]] void refuse_unlisted(const std::filesystem::path& folder, const std::vector<SkippedPicture>& unlisted) {
  constexpr size_t kNamed = 5;
  std::string names;
  for (size_t i = 0; i < std::min(unlisted.size(), kNamed); ++i) {
    names += (i == 0 ? "" : ", ") + printable_path(unlisted[i].path) + " (" + unlisted[i].reason + ")";
  }
  if (unlisted.size() > kNamed) names += " and " + std::to_string(unlisted.size() - kNamed) + " more";
  const bool one = unlisted.size() == 1;
  throw Error(ErrorCode::kIo, printable_path(folder) + ": " +
                                  (one ? "a folder" : std::to_string(unlisted.size()) + " folders") +
                                  " would be left out: " + names +
                                  "; mount the missing volume or fix the permissions, or add "
                                  "--max-skipped 100% to go on without " +
                                  (one ? "it" : "them"));
}

}  // namespace

Dataset list_dataset(const std::filesystem::path& folder, std::optional<uint64_t> seed, int threads,
                     Unlisted unlisted) {
  const StandardFloatingPoint mode;
  FolderListing listing = walk_dataset_folder(folder);
  sort_by_path(listing.unlisted);  // the first ones are named
  if (unlisted == Unlisted::kRefuse && !listing.unlisted.empty()) refuse_unlisted(folder, listing.unlisted);
  // The most common mistake: a folder of pictures without class folders.
  if (!listing.without_class.empty() && listing.candidates.empty()) {
    throw Error(ErrorCode::kRefused, printable_path(folder) + " holds " + std::to_string(listing.without_class.size()) +
                                         " pictures but no class folders; expected one folder per class, such as " +
                                         printable_path(folder / "cats" / "1.jpg"));
  }
  // Shuffled before pictures are checked: one that turns out to be bad does not change the order of the others.
  if (seed) python_shuffle(std::span(listing.candidates), *seed);

  Dataset dataset;
  dataset.folder = folder;
  dataset.skipped = listing.unlisted;
  dataset.unlisted = std::move(listing.unlisted);
  std::vector<SkippedPicture> others = find_pictures_by_content(folder, listing.other_files, threads);
  for (auto* more : {&others, &listing.links}) {
    std::move(more->begin(), more->end(), std::back_inserter(dataset.skipped));
  }
  for (std::string& path : listing.without_class) {
    dataset.skipped.push_back({std::move(path), "directly in the dataset folder, so it has no class"});
  }
  // Trying to read it gives the reason: a pipe, a link to nothing, a device.
  for (const std::string& path : listing.irregular) {
    const Result<std::vector<std::byte>> bytes = read_picture(folder / path);
    dataset.skipped.push_back({path, bytes.ok() ? "changed while the folder was listed" : bytes.reason()});
  }
  std::vector<PictureCandidate> candidates;
  candidates.reserve(listing.candidates.size());
  for (std::string& path : listing.candidates) {
    std::string category = holding_folder(path);
    candidates.push_back({std::move(path), std::move(category)});
  }
  add_pictures(dataset, std::move(candidates), threads);
  return dataset;
}

PictureListing list_pictures(const std::filesystem::path& folder, int threads) {
  const StandardFloatingPoint mode;
  FolderListing listing = walk_dataset_folder(folder);
  PictureListing pictures{.paths = std::move(listing.candidates),
                          .others = find_pictures_by_content(folder, listing.other_files, threads),
                          .links = std::move(listing.links),
                          .unlisted = std::move(listing.unlisted)};
  for (auto* more : {&listing.without_class, &listing.irregular}) {
    std::move(more->begin(), more->end(), std::back_inserter(pictures.paths));
  }
  std::sort(pictures.paths.begin(), pictures.paths.end());
  for (std::string& path : pictures.paths) path = escape_name(path);
  for (auto* skipped : {&pictures.others, &pictures.links, &pictures.unlisted}) {
    for (SkippedPicture& picture : *skipped) picture.path = escape_name(picture.path);
    sort_by_path(*skipped);
  }
  return pictures;
}

}  // namespace vgg16
