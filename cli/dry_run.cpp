#include "dry_run.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "print.h"
#include "vgg16/error.h"
#include "vgg16/names.h"

namespace vgg16 {
namespace {

std::vector<int64_t> rows_per_class(const FeatureFilePlan& plan) {
  std::vector<int64_t> rows(plan.label_names.size());
  for (const PictureFile& picture : plan.pictures) ++rows[static_cast<size_t>(picture.label)];
  return rows;
}

// Of the rows, which are nearly all of the file.
int64_t row_bytes(const FeatureFilePlan& plan) {
  return std::ssize(plan.pictures) * plan.columns * (plan.type == FeatureType::kF16 ? 2 : 4);
}

}  // namespace

double estimated_seconds(const FeatureFilePlan& plan, const std::filesystem::path& folder,
                         const std::shared_ptr<const Weights>& weights, const ExtractorOptions& network) {
  if (plan.pictures.empty()) return 0;
  ExtractorOptions options = network;
  options.log = {};  // the extractor that made the plan has said it
  Extractor extractor(weights, options);
  const auto tried = std::span(plan.pictures)
                         .first(std::min(plan.pictures.size(), static_cast<size_t>(std::max(network.batch_size, 1))));
  const auto begin = std::chrono::steady_clock::now();
  extractor.extract_files(folder, tried, {});
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  return elapsed.count() * static_cast<double>(plan.pictures.size()) / static_cast<double>(tried.size());
}

std::string dry_run_text(const FeatureFilePlan& plan, const std::string& output, double seconds) {
  std::string text = printable_path(output) + " would have " + counted(std::ssize(plan.pictures), "row", "rows") +
                     " of " + with_thousands(plan.columns) + " numbers, " +
                     fixed(static_cast<double>(row_bytes(plan)) / 1e6, 1) + " MB, and take about " +
                     duration_text(seconds) + "; " + counted(std::ssize(plan.skipped), "picture", "pictures") +
                     " would be skipped\n";
  const std::vector<int64_t> rows = rows_per_class(plan);
  for (size_t i = 0; i < rows.size(); ++i) {
    text += "  " + printable(plan.label_names[i]) + ": " + with_thousands(rows[i]) + "\n";
  }
  return text;
}

nlohmann::ordered_json dry_run_json(const FeatureFilePlan& plan, const std::string& output, double seconds) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  const std::vector<int64_t> rows = rows_per_class(plan);
  for (size_t i = 0; i < rows.size(); ++i) classes.push_back({{"class", plan.label_names[i]}, {"rows", rows[i]}});
  return {{"schema", 1},
          {"output", escape_name(output)},
          {"rows", std::ssize(plan.pictures)},
          {"columns", plan.columns},
          {"bytes", row_bytes(plan)},
          {"seconds", seconds},
          {"classes", plan.label_names},
          {"per_class", classes},
          {"skipped", skipped_json(plan.skipped)}};
}

}  // namespace vgg16
