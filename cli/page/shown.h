// Which rows a page shows with their pictures: of all that could be, as many as a page can carry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thumbnails.h"
#include "vgg16/classifier.h"

namespace vgg16::page {

/// Pictures on a page, at most; one that is shown twice counts twice.
inline constexpr int64_t kMaxPictures = 400;

/// What a page is about. `held_out` has the rows of Report::predictions, and is `table` unless there was a test table.
struct Training {
  const TrainResult& result;
  const FeatureTable& table;
  const FeatureTable& held_out;

  [[nodiscard]] const Report& report() const { return result.report; }
};

/// A cell of the confusion matrix that has rows.
struct Cell {
  int64_t label = 0;
  int64_t predicted = 0;
  int64_t rows = 0;
  /// Of a mistake the most probable ones first, of right answers the least probable ones.
  std::vector<const HeldOutPrediction*> shown;

  /// The id of the place on the page where its pictures are.
  [[nodiscard]] std::string id() const { return "cell-" + std::to_string(label) + "-" + std::to_string(predicted); }
};

/// Pointers are into the report.
struct Shown {
  std::vector<Cell> mistakes;                    ///< most rows first
  std::vector<const HeldOutPrediction*> surest;  ///< of all mistakes those with the highest probabilities
  std::vector<const DuplicatePair*> duplicates;
  std::vector<const DuplicatePair*> look_alikes;
  std::vector<const SuspectLabel*> suspects;
  std::vector<Cell> right;          ///< of each class with right answers
  std::vector<PictureOf> pictures;  ///< of all these
};

[[nodiscard]] Shown choose_shown(const Training& training);

/// "mistake-12": the place of a wrong prediction that is shown.
[[nodiscard]] std::string mistake_id(const HeldOutPrediction& prediction);

}  // namespace vgg16::page
