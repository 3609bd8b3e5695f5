// vgg16 extract: a folder of pictures becomes a features file.
#include <chrono>
#include <memory>
#include <string>

#include "command.h"
#include "dry_run.h"
#include "extraction.h"
#include "output.h"
#include "print.h"
#include "progress.h"
#include "values.h"
#include "vgg16/extract_dataset.h"
#include "vgg16/names.h"
#include "vgg16/output.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

struct ExtractCommand {
  Common common;
  ExtractionOptions extraction;
  std::string dataset = ".";  // of a list
  std::string output;
  uint64_t seed = 42;
  std::string shard;
  std::string reuse;
  bool dry_run = false;
};

void report(const ExtractCommand& o, const ExtractDatasetResult& result, double seconds) {
  const double extracting = result.times.waiting_for_pictures_s + result.times.computing_s + result.times.delivering_s;
  const double rate = extracting > 0 ? static_cast<double>(result.computed_rows) / extracting : 0;
  if (o.common.json) {
    print_json({{"schema", 1},
                {"output", escape_name(o.output)},
                {"rows", result.table.rows},
                {"reused_rows", result.reused_rows},
                {"computed_rows", result.computed_rows},
                {"classes", result.table.label_names},
                {"skipped", skipped_json(result.skipped)},
                {"seconds", seconds},
                {"pictures_per_second", rate},
                {"limited_by", limiting_stage(result.times)}});
    return;
  }
  std::string line = printable_path(o.output) + ": " + counted(result.table.rows, "row", "rows") + " of " +
                     with_thousands(result.table.columns) + " numbers, " +
                     counted(static_cast<int64_t>(result.table.label_names.size()), "class", "classes") + ", " +
                     with_thousands(static_cast<int64_t>(result.skipped.size())) + " skipped; ";
  if (result.reused_rows > 0) {
    line += counted(result.reused_rows, "row", "rows") + " copied from " + printable_path(o.reuse) + ", " +
            with_thousands(result.computed_rows) + " computed; ";
  }
  if (result.computed_rows > 0) {
    line += duration_text(seconds) + ", " + fixed(rate, 1) + " pictures/s, limited by " + limiting_stage(result.times);
  } else {
    line += result.reused_rows > 0 ? duration_text(seconds) : "there was nothing left to compute";
  }
  print_result(line);
}

int extract(const ExtractCommand& o, const std::string& resume_text) {
  const auto start = std::chrono::steady_clock::now();
  ExtractDatasetOptions options = dataset_options(o.extraction, o.seed);
  options.shard = parse_shard(o.shard);
  options.reuse = o.reuse;
  options.plan_only = o.dry_run;
  require_output(o.output, {}, options.file.overwrite || options.file.resume,
                 "add --overwrite to replace it or --resume to continue it");
  const PictureListOptions& list = o.extraction.list;
  require_no_input(output_names_of(o.output), {weights_file(o.extraction.weights), list.files_from, list.labels});
  const auto weights = load_weights(o.extraction.weights);
  int64_t skipped = 0;
  const auto tell = [&](const FeatureFilePlan& plan) {
    print_skipped(plan.skipped, o.common);
    const double seconds = estimated_seconds(plan, o.dataset, weights, options.network);
    if (o.common.json) {
      print_json(dry_run_json(plan, o.output, seconds));
    } else {
      print_result(dry_run_text(plan, o.output, seconds));
    }
    skipped = std::ssize(plan.skipped);
  };
  ExtractionRun run = {.folder = o.dataset, .output = o.output, .resume_text = resume_text};
  if (o.dry_run) run.planned = tell;
  const ExtractDatasetResult result = run_extraction(o.extraction, options, weights, run, o.common);
  if (o.dry_run) return status_of_skipped(o.extraction, "", skipped, result.found_pictures);
  if (!result.finished) return end_unfinished(result);
  print_skipped(result.skipped, o.common);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  report(o, result, elapsed.count());
  return status_of_skipped(o.extraction, o.output, std::ssize(result.skipped), result.found_pictures);
}

}  // namespace

Command add_extract(CLI::App& program, const std::string& resume_text) {
  auto o = std::make_shared<ExtractCommand>();
  CLI::App* app = add_command(program, "extract", "Turn a folder of pictures into a features file",
                              "vgg16 extract -d animals -o animals.h5", o->common);
  CLI::Option* const dataset = app->add_option(
      "-d,--dataset", o->dataset,
      "Folder with one sub-folder of pictures per class\nWith --files-from or --labels the one where their "
      "paths begin, by default the current one.");
  dataset->required()->type_name("DIR");
  PictureListOptions& list = o->extraction.list;
  add_files_from(*app, list, dataset);
  CLI::Option* const labels = app->add_option(
      "--labels", list.labels,
      "Labels of the pictures, CSV\nWith a header and the columns path and label. Without --files-from, the pictures "
      "are those of this table.");
  labels->type_name("FILE")->check(has_a_name())->each([dataset](const std::string&) { dataset->required(false); });
  app->add_option("-o,--output", o->output, "Features file to write (HDF5)")->required()->type_name("FILE");
  add_extraction_options(*app, o->extraction);
  add_threads(*app, o->extraction.dataset.network);
  app->add_option("--seed", o->seed, "Seed of the order of the rows\nThat of Python's random.Random(seed).shuffle.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, INT64_MAX));
  app->add_flag(
      "--dry-run", o->dry_run,
      "Write nothing; say what would be written\nHow many rows of which classes, how large the file would be, "
      "and how long all rows would take by the time of one batch; --resume and --reuse are not counted.");
  FeatureWriteOptions& file = o->extraction.dataset.file;
  app->add_flag("--resume", file.resume, "Continue an interrupted run of the same command");
  app->add_flag("--overwrite", file.overwrite, "Replace the output, once the new one is complete");
  app->add_option("--reuse", o->reuse,
                  "Copy unchanged pictures' rows from this file\nWith --overwrite it may be the output itself.")
      ->type_name("FILE")
      ->check(expects("the name of a file", [](const std::string& text) { return !text.empty(); }));
  app->add_option("--shard", o->shard, "Only part I of N; vgg16 merge joins the parts")
      ->type_name("I/N")
      ->check(expects("I/N with 1 <= I <= N, such as 2/8",
                      [](const std::string& text) { return parse_shard(text).has_value(); }));
  return {app, [o, resume_text] { return extract(*o, resume_text); }};
}

}  // namespace vgg16
