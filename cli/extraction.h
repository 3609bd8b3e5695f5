// What extract and train -d FOLDER have in common: the options of an extraction, and running it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "command.h"
#include "picture_list.h"
#include "vgg16/extract_dataset.h"
#include "vgg16/weights.h"

namespace vgg16 {

/// What the options say; those that `dataset` holds as numbers and flags are in it.
struct ExtractionOptions {
  std::string weights;
  std::string pool = "none";
  std::string dtype = "f32";
  std::string max_skipped = "1%";
  bool no_shuffle = false;
  PictureListOptions list;
  ExtractDatasetOptions dataset;
};

/// Adds the options that both commands have, except those of a list.
void add_extraction_options(CLI::App& app, ExtractionOptions& options);

/// options.dataset with all that the options say, and the seed of the order. The list is not read.
[[nodiscard]] ExtractDatasetOptions dataset_options(const ExtractionOptions& options, uint64_t seed);

struct ExtractionRun {
  std::string folder;
  std::string output;
  std::string resume_text;  ///< the command that continues the run if it is interrupted
  std::function<void(const FeatureFilePlan&)> planned = {};  ///< may be empty
};

/// Reads the list, if the options name one, and extracts, with progress and warnings on standard error. A signal
/// commits the rows and ends the run unfinished. Throws as read_picture_list() and extract_dataset().
[[nodiscard]] ExtractDatasetResult run_extraction(const ExtractionOptions& options, ExtractDatasetOptions dataset,
                                                  const std::shared_ptr<const Weights>& weights,
                                                  const ExtractionRun& run, const Common& common);

/// The exit status of a run that was interrupted, after the lines that say so.
[[nodiscard]] int end_unfinished(const ExtractDatasetResult& result);

/// kDone if no more pictures were skipped, of `found`, than may be; otherwise kSkippedTooMany, after a line on standard
/// error that says that `output` is complete, or, if there is none, what would be skipped.
[[nodiscard]] int status_of_skipped(const ExtractionOptions& options, const std::string& output, int64_t skipped,
                                    int64_t found);

}  // namespace vgg16
