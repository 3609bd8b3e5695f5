#include "extraction.h"

#include <optional>
#include <utility>

#include "interrupt.h"
#include "print.h"
#include "progress.h"
#include "values.h"
#include "vgg16/error.h"
#include "vgg16/layer.h"
#include "vgg16/names.h"

namespace vgg16 {

void add_extraction_options(CLI::App& app, ExtractionOptions& options) {
  add_network_options(app, options.weights, options.dataset.network);
  app.add_option("-s,--buffer-size", options.dataset.file.rows_per_commit,
                 "Rows per commit to disk, 1 to 1000000\nRows are also committed every 2 seconds.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 1'000'000));
  app.add_option("--layer", options.dataset.network.layer,
                 "Layer to stop at\nblock1_conv1 to block5_pool, after the ReLU of a convolution. Caffe's names "
                 "(conv5_3, pool5) and torchvision's (features.30) are taken too.")
      ->type_name("NAME")
      ->capture_default_str()
      ->transform(CLI::Validator(
          [](std::string& name) {
            try {
              name = layer_name_from(name);
              return std::string();
            } catch (const Error& error) {
              return std::string(error.what());
            }
          },
          ""));
  choices(app.add_option("--pool", options.pool, "Pooling over positions\nnone keeps them all."),
          {kPoolNames.begin(), kPoolNames.end()})
      ->capture_default_str();
  app.add_flag("--no-shuffle", options.no_shuffle,
               "Rows sorted by path\nThose of --files-from in the order of the list.");
  choices(app.add_option("--dtype", options.dtype, "Type of the stored numbers"), {"f32", "f16"})
      ->capture_default_str();
  app.add_option("--max-skipped", options.max_skipped,
                 "Pictures that may be skipped, such as 5 or 1%\n100% also allows folders that cannot be listed.")
      ->type_name("N")
      ->capture_default_str()
      ->check(expects("a number of pictures or a share such as 1%",
                      [](const std::string& text) { return parse_allowed_skips(text, 0).has_value(); }));
}

ExtractDatasetOptions dataset_options(const ExtractionOptions& options, uint64_t seed) {
  ExtractDatasetOptions dataset = options.dataset;
  dataset.network.pool = pool_from_name(options.pool);
  dataset.seed = options.no_shuffle ? std::optional<uint64_t>() : seed;
  dataset.unlisted = allows_all_skips(options.max_skipped) ? Unlisted::kSkip : Unlisted::kRefuse;
  dataset.type = options.dtype == "f16" ? FeatureType::kF16 : FeatureType::kF32;
  return dataset;
}

ExtractDatasetResult run_extraction(const ExtractionOptions& options, ExtractDatasetOptions dataset,
                                    const std::shared_ptr<const Weights>& weights, const ExtractionRun& run,
                                    const Common& common) {
  std::optional<Progress> progress;
  std::optional<DeferredInterrupts> deferred;
  dataset.network.log = [&](const std::string& line) {
    if (progress) progress->clear();
    print_note(line, common);
  };
  const bool is_list = !options.list.files_from.empty() || !options.list.labels.empty();
  progress.emplace("extract", "pictures", common)
      .begin(is_list ? "reading the list of pictures" : "listing " + printable_path(run.folder));
  dataset.pictures = read_picture_list(options.list, run.folder);
  ExtractDatasetCallbacks callbacks;
  callbacks.listed = [&](const Dataset& found) {
    progress.reset();
    for (const auto& [path, reason] : found.unlisted) {  // printed even with --quiet: whole classes may be missing
      print_error("warning: " + printable_path(found.folder / unescape_name(path)) + ": " + reason);
    }
  };
  callbacks.planned = [&](const FeatureFilePlan& plan) {
    if (common.verbose) {
      print_note(counted(std::ssize(plan.pictures), "picture", "pictures") + " of " +
                     counted(std::ssize(plan.label_names), "class", "classes") + "; " + plan.recipe.backend + ", " +
                     plan.recipe.instruction_set + "; " + weights->name(),
                 common);
    }
    if (run.planned) run.planned(plan);
    // From here on an interrupted run can be resumed.
    if (!dataset.plan_only) {
      go_on_with(run.resume_text, options.list.files_from == "-" ? ", with the same list on standard input" : "");
    }
  };
  callbacks.warning = [&](const std::string& line) { print_warning(line, common); };
  // Rows to save on a signal exist only from here on.
  callbacks.computing = [&](const std::function<void()>& commit) {
    deferred.emplace(commit);
    progress.emplace("extract", "pictures", common);
  };
  callbacks.times = [&](const ExtractTimes& so_far) { progress->limited_by(limiting_stage(so_far)); };
  callbacks.progress = [&](int64_t done, int64_t total) { progress->update(done, total); };
  callbacks.computed = [&] {
    progress.reset();
    deferred->end();
  };
  callbacks.stop = &interrupted();
  return extract_dataset(weights, run.folder, run.output, dataset, callbacks);
}

int end_unfinished(const ExtractDatasetResult& result) {
  return end_interrupted("after " + with_thousands(result.committed_rows) + " of " +
                         with_thousands(result.planned_rows) + " rows");
}

int status_of_skipped(const ExtractionOptions& options, const std::string& output, int64_t skipped, int64_t found) {
  if (skipped <= parse_allowed_skips(options.max_skipped, found).value()) return kDone;
  const std::string pictures = counted(skipped, "picture", "pictures");
  const std::string what = output.empty() ? pictures + " would be skipped"
                                          : printable_path(output) + " is complete, but " + pictures +
                                                (skipped == 1 ? " was" : " were") + " skipped";
  print_error(what + " of " + with_thousands(found) + ", more than --max-skipped " + options.max_skipped + " allows");
  return kSkippedTooMany;
}

}  // namespace vgg16
