// vgg16 extract: a folder of pictures becomes a features file.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "dry_run.h"
#include "interrupt.h"
#include "output.h"
#include "picture_list.h"
#include "print.h"
#include "progress.h"
#include "values.h"
#include "vgg16/error.h"
#include "vgg16/extract_dataset.h"
#include "vgg16/layer.h"
#include "vgg16/names.h"
#include "vgg16/output.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

struct ExtractCommand {
  Common common;
  std::string weights;
  std::string dataset = ".";  // of a list
  PictureListOptions list;
  std::string output;
  std::string pool = "none";
  uint64_t seed = 42;
  bool no_shuffle = false;
  std::string dtype = "f32";
  std::string max_skipped = "1%";
  std::string shard;
  std::string reuse;
  bool dry_run = false;
  ExtractDatasetOptions options;
};

std::string limiting_stage(const ExtractTimes& times) {
  const double total = times.waiting_for_pictures_s + times.computing_s + times.delivering_s;
  // On a CPU decoding slows the network down long before the network has to wait for it.
  if (times.waiting_for_pictures_s > 0.5 * total || times.decoding_share > 0.5) return "decoding";
  return times.delivering_s > 0.5 * total ? "disk" : "compute";
}

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

ExtractDatasetOptions options_of(const ExtractCommand& o) {
  ExtractDatasetOptions options = o.options;
  options.network.pool = pool_from_name(o.pool);
  options.seed = o.no_shuffle ? std::optional<uint64_t>() : o.seed;
  options.unlisted = allows_all_skips(o.max_skipped) ? Unlisted::kSkip : Unlisted::kRefuse;
  options.type = o.dtype == "f16" ? FeatureType::kF16 : FeatureType::kF32;
  options.shard = parse_shard(o.shard);
  options.reuse = o.reuse;
  options.plan_only = o.dry_run;
  return options;
}

// The exit status, with a line on standard error if more pictures were skipped than may be.
int status_of(const ExtractCommand& o, int64_t skipped, int64_t found) {
  if (skipped <= parse_allowed_skips(o.max_skipped, found).value()) return kDone;
  const std::string pictures = counted(skipped, "picture", "pictures");
  const std::string what = o.dry_run ? pictures + " would be skipped"
                                     : printable_path(o.output) + " is complete, but " + pictures +
                                           (skipped == 1 ? " was" : " were") + " skipped";
  print_error(what + " of " + with_thousands(found) + ", more than --max-skipped " + o.max_skipped + " allows");
  return kSkippedTooMany;
}

int extract(const ExtractCommand& o, const std::string& resume_text) {
  const auto start = std::chrono::steady_clock::now();
  std::optional<Progress> progress;
  ExtractDatasetOptions options = options_of(o);
  options.network.log = [&](const std::string& line) {
    if (progress) progress->clear();
    print_note(line, o.common);
  };
  require_output(o.output, {}, options.file.overwrite || options.file.resume,
                 "add --overwrite to replace it or --resume to continue it");
  require_no_input(output_names_of(o.output), {weights_file(o.weights), o.list.files_from, o.list.labels});
  const auto weights = load_weights(o.weights);
  std::optional<DeferredInterrupts> deferred;
  int64_t skipped = 0;
  ExtractDatasetCallbacks callbacks;
  const bool is_list = !o.list.files_from.empty() || !o.list.labels.empty();
  progress.emplace("extract", "pictures", o.common)
      .begin(is_list ? "reading the list of pictures" : "listing " + printable_path(o.dataset));
  options.pictures = read_picture_list(o.list, o.dataset);
  callbacks.listed = [&](const Dataset& dataset) {
    progress.reset();
    for (const auto& [path, reason] : dataset.unlisted) {  // printed even with --quiet: whole classes may be missing
      print_error("warning: " + printable_path(dataset.folder / unescape_name(path)) + ": " + reason);
    }
  };
  callbacks.planned = [&](const FeatureFilePlan& plan) {
    if (o.common.verbose) {
      print_note(counted(static_cast<int64_t>(plan.pictures.size()), "picture", "pictures") + " of " +
                     counted(static_cast<int64_t>(plan.label_names.size()), "class", "classes") + "; " +
                     plan.recipe.backend + ", " + plan.recipe.instruction_set + "; " + weights->name(),
                 o.common);
    }
    if (o.dry_run) {
      print_skipped(plan.skipped, o.common);
      const double seconds = estimated_seconds(plan, o.dataset, weights, options.network);
      if (o.common.json) {
        print_json(dry_run_json(plan, o.output, seconds));
      } else {
        print_result(dry_run_text(plan, o.output, seconds));
      }
      skipped = std::ssize(plan.skipped);
      return;
    }
    // From here on an interrupted run can be resumed.
    go_on_with(resume_text, o.list.files_from == "-" ? ", with the same list on standard input" : "");
  };
  callbacks.warning = [&](const std::string& line) { print_warning(line, o.common); };
  // Rows to save on a signal exist only from here on.
  callbacks.computing = [&](const std::function<void()>& commit) {
    deferred.emplace(commit);
    progress.emplace("extract", "pictures", o.common);
  };
  callbacks.progress = [&](int64_t done, int64_t total) { progress->update(done, total); };
  callbacks.computed = [&] {
    progress.reset();
    deferred->end();
  };
  callbacks.stop = &interrupted();
  const ExtractDatasetResult result = extract_dataset(weights, o.dataset, o.output, options, callbacks);
  if (o.dry_run) return status_of(o, skipped, result.found_pictures);
  if (!result.finished) {
    return end_interrupted("after " + with_thousands(result.committed_rows) + " of " +
                           with_thousands(result.planned_rows) + " rows");
  }
  print_skipped(result.skipped, o.common);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  report(o, result, elapsed.count());
  return status_of(o, std::ssize(result.skipped), result.found_pictures);
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
  add_files_from(*app, o->list, dataset);
  CLI::Option* const labels = app->add_option(
      "--labels", o->list.labels,
      "Labels of the pictures, CSV\nWith a header and the columns path and label. Without --files-from, the pictures "
      "are those of this table.");
  labels->type_name("FILE")->each([dataset](const std::string&) { dataset->required(false); });
  app->add_option("-o,--output", o->output, "Features file to write (HDF5)")->required()->type_name("FILE");
  add_network_options(*app, o->weights, o->options.network);
  app->add_option("-s,--buffer-size", o->options.file.rows_per_commit,
                  "Rows per commit to disk, 1 to 1000000\nRows are also committed every 2 seconds.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 1'000'000));
  app->add_option("--layer", o->options.network.layer,
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
  choices(app->add_option("--pool", o->pool, "Pooling over positions\nnone keeps them all."),
          {kPoolNames.begin(), kPoolNames.end()})
      ->capture_default_str();
  app->add_option("--seed", o->seed, "Seed of the order of the rows\nThat of Python's random.Random(seed).shuffle.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, INT64_MAX));
  app->add_flag("--no-shuffle", o->no_shuffle, "Rows sorted by path");
  choices(app->add_option("--dtype", o->dtype, "Type of the stored numbers"), {"f32", "f16"})->capture_default_str();
  app->add_flag(
      "--dry-run", o->dry_run,
      "Write nothing; say what would be written\nHow many rows of which classes, how large the file would be, "
      "and how long all rows would take by the time of one batch; --resume and --reuse are not counted.");
  app->add_flag("--resume", o->options.file.resume, "Continue an interrupted run of the same command");
  app->add_flag("--overwrite", o->options.file.overwrite, "Replace the output, once the new one is complete");
  app->add_option("--reuse", o->reuse,
                  "Copy unchanged pictures' rows from this file\nWith --overwrite it may be the output itself.")
      ->type_name("FILE")
      ->check(expects("the name of a file", [](const std::string& text) { return !text.empty(); }));
  app->add_option("--max-skipped", o->max_skipped,
                  "Pictures that may be skipped, such as 5 or 1%\n100% also allows folders that cannot be listed.")
      ->type_name("N")
      ->capture_default_str()
      ->check(expects("a number of pictures or a share such as 1%",
                      [](const std::string& text) { return parse_allowed_skips(text, 0).has_value(); }));
  app->add_option("--shard", o->shard, "Only part I of N; vgg16 merge joins the parts")
      ->type_name("I/N")
      ->check(expects("I/N with 1 <= I <= N, such as 2/8",
                      [](const std::string& text) { return parse_shard(text).has_value(); }));
  return {app, [o, resume_text] { return extract(*o, resume_text); }};
}

}  // namespace vgg16
