// vgg16 extract: a folder of pictures becomes a features file.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "interrupt.h"
#include "output.h"
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
  std::string dataset;
  std::string output;
  std::string pool = "none";
  uint64_t seed = 42;
  bool no_shuffle = false;
  std::string dtype = "f32";
  std::string max_skipped = "1%";
  std::string shard;
  std::string reuse;
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
  options.network.log = [&o](const std::string& line) { print_note(line, o.common); };
  options.seed = o.no_shuffle ? std::optional<uint64_t>() : o.seed;
  options.unlisted = allows_all_skips(o.max_skipped) ? Unlisted::kSkip : Unlisted::kRefuse;
  options.type = o.dtype == "f16" ? FeatureType::kF16 : FeatureType::kF32;
  options.shard = parse_shard(o.shard);
  options.reuse = o.reuse;
  return options;
}

int extract(const ExtractCommand& o, const std::string& resume_text) {
  const auto start = std::chrono::steady_clock::now();
  const ExtractDatasetOptions options = options_of(o);
  require_output(o.output, {}, options.file.overwrite || options.file.resume,
                 "add --overwrite to replace it or --resume to continue it");
  require_no_input(output_names_of(o.output), {weights_file(o.weights)});
  const auto weights = load_weights(o.weights);
  std::optional<DeferredInterrupts> deferred;
  std::optional<Progress> progress;
  ExtractDatasetCallbacks callbacks;
  callbacks.listed = [](const Dataset& dataset) {
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
    go_on_with(resume_text);  // from here on an interrupted run can be resumed
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
  if (!result.finished) {
    return end_interrupted("after " + with_thousands(result.committed_rows) + " of " +
                           with_thousands(result.planned_rows) + " rows");
  }
  print_skipped(result.skipped, o.common);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  report(o, result, elapsed.count());
  const auto n_skipped = static_cast<int64_t>(result.skipped.size());
  if (n_skipped > parse_allowed_skips(o.max_skipped, result.found_pictures).value()) {
    print_error(printable_path(o.output) + " is complete, but " + counted(n_skipped, "picture was", "pictures were") +
                " skipped of " + with_thousands(result.found_pictures) + ", more than --max-skipped " + o.max_skipped +
                " allows");
    return kSkippedTooMany;
  }
  return kDone;
}

std::vector<std::string> layer_names() {
  std::vector<std::string> names;
  for (size_t i = 0; i <= layer_index("block5_pool"); ++i) names.emplace_back(layer_name(i));
  return names;
}

}  // namespace

Command add_extract(CLI::App& program, const std::string& resume_text) {
  auto o = std::make_shared<ExtractCommand>();
  CLI::App* app = add_command(program, "extract", "Turn a folder of pictures into a features file",
                              "vgg16 extract -d animals -o animals.h5", o->common);
  app->add_option("-d,--dataset", o->dataset, "Folder with one sub-folder of pictures per class")
      ->required()
      ->type_name("DIR");
  app->add_option("-o,--output", o->output, "Features file to write (HDF5)")->required()->type_name("FILE");
  add_network_options(*app, o->weights, o->options.network);
  app->add_option("-s,--buffer-size", o->options.file.rows_per_commit,
                  "Rows per commit to disk, 1 to 1000000; every 2 seconds as well")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 1'000'000));
  app->add_option("--layer", o->options.network.layer, "Layer to stop at, block1_conv1 to block5_pool")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(one_of(layer_names(), "one of the 18 layers, block1_conv1 to block5_pool"));
  app->add_option("--pool", o->pool, "Pooling over positions: " + std::string(kPoolChoices))
      ->type_name("NAME")
      ->capture_default_str()
      ->check(one_of({kPoolNames.begin(), kPoolNames.end()}, std::string(kPoolChoices)));
  app->add_option("--seed", o->seed, "Seed of the shuffle, as in Python's random.Random(seed)")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, INT64_MAX));
  app->add_flag("--no-shuffle", o->no_shuffle, "Keep the rows sorted by path");
  app->add_option("--dtype", o->dtype, "Type of the stored numbers: f32 or f16")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(one_of({"f32", "f16"}, "f32 or f16"));
  app->add_flag("--resume", o->options.file.resume, "Continue an interrupted run of the same command");
  app->add_flag("--overwrite", o->options.file.overwrite, "Replace the output when the new one is complete");
  app->add_option("--reuse", o->reuse,
                  "Features file to copy the rows of unchanged pictures from; may be the output, with --overwrite")
      ->type_name("FILE")
      ->check(expects("the name of a file", [](const std::string& text) { return !text.empty(); }));
  app->add_option("--max-skipped", o->max_skipped,
                  "How many pictures may be skipped, a number or a share such as 1%; 100% also allows folders that "
                  "cannot be listed")
      ->type_name("N")
      ->capture_default_str()
      ->check(expects("a number of pictures or a share such as 1%",
                      [](const std::string& text) { return parse_allowed_skips(text, 0).has_value(); }));
  app->add_option("--shard", o->shard, "Extract only part I of N; vgg16 merge joins the parts")
      ->type_name("I/N")
      ->check(expects("I/N with 1 <= I <= N, such as 2/8",
                      [](const std::string& text) { return parse_shard(text).has_value(); }));
  return {app, [o, resume_text] { return extract(*o, resume_text); }};
}

}  // namespace vgg16
