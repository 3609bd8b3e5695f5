// vgg16 extract: a folder of pictures becomes a features file.
#include <chrono>
#include <filesystem>

#include "command.h"
#include "interrupt.h"
#include "output.h"
#include "print.h"
#include "progress.h"
#include "values.h"
#include "vgg16/build_info.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"
#include "vgg16/output.h"
#include "vgg16/preprocess.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

struct ExtractOptions {
  Common common;
  NetworkOptions network;
  std::string dataset;
  std::string output;
  int64_t rows_per_commit = 1000;
  std::string layer = "block5_pool";
  std::string pool = "none";
  uint64_t seed = 42;
  bool no_shuffle = false;
  std::string dtype = "f32";
  bool resume = false;
  bool overwrite = false;
  std::string max_skipped = "1%";
  std::string shard;
};

void require_pictures(const Dataset& dataset) {
  if (!dataset.pictures.empty()) return;
  const std::string name = printable(dataset.folder.native());
  if (dataset.skipped.empty()) {
    throw Error(ErrorCode::kNotFound,
                name + ": no JPEG or PNG files in folders below it; expected one folder per class");
  }
  throw Error(ErrorCode::kNotFound, name + ": no usable picture among " + std::to_string(dataset.skipped.size()) +
                                        "; the first, " + printable(dataset.skipped[0].path) + ": " +
                                        dataset.skipped[0].reason);
}

FeatureFilePlan make_plan(const ExtractOptions& o, const Extractor& extractor, const Weights& weights,
                          Dataset dataset) {
  FeatureFilePlan plan;
  plan.columns = extractor.columns();
  plan.type = o.dtype == "f16" ? FeatureType::kF16 : FeatureType::kF32;
  plan.label_names = std::move(dataset.label_names);
  plan.pictures = std::move(dataset.pictures);
  plan.skipped = std::move(dataset.skipped);
  plan.seed = o.no_shuffle ? -1 : static_cast<int64_t>(o.seed);
  plan.recipe = {.layer = o.layer,
                 .pool = o.pool,
                 .preprocessing = std::string(kPreprocessing),
                 .weights_sha256 = weights.sha256(),
                 .backend = std::string(extractor.backend()),
                 .precision = o.network.precision,
                 .instruction_set = std::string(extractor.instruction_set()),
                 .program_version = std::string(build_info().version)};
  return o.shard.empty() ? plan : shard_plan(plan, parse_shard(o.shard).value());
}

// Throws Error{kInvalidArgument} where the output, or a name that it takes on the way, is a picture of the dataset.
void require_no_picture(const std::string& output, const Dataset& dataset) {
  std::vector<std::filesystem::path> files;
  files.reserve(dataset.pictures.size() + dataset.skipped.size());
  for (const PictureFile& picture : dataset.pictures) files.push_back(dataset.folder / picture.path);
  for (const SkippedPicture& picture : dataset.skipped) files.push_back(dataset.folder / picture.path);
  require_no_input(output_names_of(output), files);
}

std::string limiting_stage(const ExtractTimes& times) {
  const double total = times.waiting_for_pictures_s + times.computing_s + times.delivering_s;
  if (times.waiting_for_pictures_s > 0.5 * total) return "decoding";
  return times.delivering_s > 0.5 * total ? "disk" : "compute";
}

// What one run did, beside the file that it wrote.
struct Run {
  ExtractTimes times;
  int64_t rows = 0;
};

Run fill(FeatureFileWriter& file, Extractor& extractor, const std::filesystem::path& folder,
         const FeatureFilePlan& plan, int batch_size, const Common& common) {
  const std::vector<int64_t> missing = file.missing_rows();
  std::vector<PictureFile> pictures;
  pictures.reserve(missing.size());
  for (const int64_t row : missing) pictures.push_back(plan.pictures[static_cast<size_t>(row)]);
  Run run;
  auto total = static_cast<int64_t>(plan.pictures.size());
  Progress progress("extract", "pictures", common);
  // What is shown is on the disk, whatever ends the run next.
  progress.update(file.committed_rows(), total);
  // Rows come a batch at a time: told of each, the display would always stop at a batch's first.
  const auto count = [&](int64_t index) {
    if ((index + 1) % batch_size == 0) progress.update(file.committed_rows(), total);
  };
  ExtractCallbacks callbacks;
  callbacks.stop = &interrupted();
  callbacks.row = [&](int64_t index, std::span<const float> row) {
    file.write(missing[static_cast<size_t>(index)], row);
    ++run.rows;
    count(index);
  };
  callbacks.skipped = [&](int64_t index, const std::string& reason) {
    file.drop(missing[static_cast<size_t>(index)], reason);
    --total;
    count(index);
  };
  try {
    run.times = extractor.extract_files(folder, pictures, callbacks);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDevice || run.rows == 0) throw;
    throw Error(ErrorCode::kDevice, std::string(error.what()) + "; the rows before are kept: add --resume to go on");
  }
  return run;
}

// The finished file is asked, not the plan: pictures that could not be decoded are no rows, and their classes may be
// gone.
void report(const ExtractOptions& o, const FeatureTable& table, const std::vector<SkippedPicture>& skipped,
            const Run& run, double seconds) {
  const double extracting = run.times.waiting_for_pictures_s + run.times.computing_s + run.times.delivering_s;
  const double rate = extracting > 0 ? static_cast<double>(run.rows) / extracting : 0;
  if (o.common.json) {
    print_json({{"schema", 1},
                {"output", o.output},
                {"rows", table.rows},
                {"classes", table.label_names},
                {"skipped", skipped_json(skipped)},
                {"seconds", seconds},
                {"pictures_per_second", rate},
                {"limited_by", limiting_stage(run.times)}});
    return;
  }
  std::string line = printable(o.output) + ": " + counted(table.rows, "row", "rows") + " of " +
                     with_thousands(table.columns) + " numbers, " +
                     counted(static_cast<int64_t>(table.label_names.size()), "class", "classes") + ", " +
                     with_thousands(static_cast<int64_t>(skipped.size())) + " skipped; ";
  if (run.rows == 0) {
    line += "there was nothing left to compute";
  } else {
    line += duration_text(seconds) + ", " + fixed(rate, 1) + " pictures/s, limited by " + limiting_stage(run.times);
  }
  print_result(line);
}

int extract(const ExtractOptions& o, const std::string& resume_text) {
  const auto start = std::chrono::steady_clock::now();
  require_output(o.output, {}, o.overwrite || o.resume, "add --overwrite to replace it or --resume to continue it");
  require_no_input(output_names_of(o.output), {weights_file(o.network.weights)});
  const auto weights = load_weights(o.network.weights);
  Extractor extractor(weights, {.layer = o.layer,
                                .pool = pool_from_name(o.pool),
                                .device = o.network.device,
                                .precision = o.network.precision,
                                .threads = o.network.threads,
                                .batch_size = o.network.batch_size,
                                .log = [&o](const std::string& line) { print_note(line, o.common); }});
  const auto seed = o.no_shuffle ? std::optional<uint64_t>() : o.seed;
  Dataset dataset = list_dataset(o.dataset, seed, o.network.threads > 0 ? o.network.threads : build_info().processors,
                                 allows_all_skips(o.max_skipped) ? Unlisted::kSkip : Unlisted::kRefuse);
  for (const auto& [path, reason] : dataset.unlisted) {  // said in spite of --quiet: whole classes may be missing
    print_error("warning: " + printable((dataset.folder / path).native()) + ": " + reason);
  }
  require_pictures(dataset);
  require_no_picture(o.output, dataset);
  const auto found = static_cast<int64_t>(dataset.pictures.size() + dataset.skipped.size());
  const std::filesystem::path folder = dataset.folder;
  const FeatureFilePlan plan = make_plan(o, extractor, *weights, std::move(dataset));
  if (o.common.verbose) {
    print_note(counted(static_cast<int64_t>(plan.pictures.size()), "picture", "pictures") + " of " +
                   counted(static_cast<int64_t>(plan.label_names.size()), "class", "classes") + "; " +
                   std::string(extractor.backend()) + ", " + std::string(extractor.instruction_set()) + "; " +
                   weights->name(),
               o.common);
  }

  // Wherever a run ends from here on, another goes on. Only where rows are computed there is something to save.
  go_on_with(resume_text);
  FeatureFileWriter file(o.output, plan,
                         {.overwrite = o.overwrite, .resume = o.resume, .rows_per_commit = o.rows_per_commit});
  for (const int64_t row : file.damaged_rows()) {
    print_warning("row " + std::to_string(row) + " was damaged on disk; it is computed again", o.common);
  }
  if (!file.space_warning().empty()) print_warning(file.space_warning(), o.common);
  DeferredInterrupts deferred([&file] { file.commit(); });
  const Run run = fill(file, extractor, folder, plan, o.network.batch_size, o.common);
  if (!deferred.end()) {
    file.commit();
    return end_interrupted("after " + with_thousands(file.committed_rows()) + " of " +
                           with_thousands(static_cast<int64_t>(plan.pictures.size())) + " rows");
  }
  file.finish();

  const FeatureTable table = open_feature_file(o.output);
  const std::vector<SkippedPicture> skipped = read_skipped(o.output);
  print_skipped(skipped, o.common);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  report(o, table, skipped, run, elapsed.count());
  const auto n_skipped = static_cast<int64_t>(skipped.size());
  if (n_skipped > parse_allowed_skips(o.max_skipped, found).value()) {
    print_error(printable(o.output) + " is complete, but " + counted(n_skipped, "picture was", "pictures were") +
                " skipped of " + with_thousands(found) + ", more than --max-skipped " + o.max_skipped + " allows");
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
  auto o = std::make_shared<ExtractOptions>();
  CLI::App* app = add_command(program, "extract", "Turn a folder of pictures into a features file",
                              "vgg16 extract -d animals -o animals.h5", o->common);
  app->add_option("-d,--dataset", o->dataset, "Folder with one sub-folder of pictures per class")
      ->required()
      ->type_name("DIR");
  app->add_option("-o,--output", o->output, "Features file to write (HDF5)")->required()->type_name("FILE");
  add_network_options(*app, o->network);
  app->add_option("-s,--buffer-size", o->rows_per_commit,
                  "Rows per commit to disk, 1 to 1000000; every 2 seconds as well")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 1'000'000));
  app->add_option("--layer", o->layer, "Layer to stop at, block1_conv1 to block5_pool")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(one_of(layer_names(), "one of the 18 layers, block1_conv1 to block5_pool"));
  app->add_option("--pool", o->pool, "Over positions: " + std::string(kPoolChoices))
      ->type_name("NAME")
      ->capture_default_str()
      ->check(one_of({kPoolNames.begin(), kPoolNames.end()}, std::string(kPoolChoices)));
  app->add_option("--seed", o->seed, "Of the shuffle, that of Python's random.Random(seed)")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, INT64_MAX));
  app->add_flag("--no-shuffle", o->no_shuffle, "Rows sorted by path");
  app->add_option("--dtype", o->dtype, "Of the stored numbers: f32 or f16")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(one_of({"f32", "f16"}, "f32 or f16"));
  app->add_flag("--resume", o->resume, "Go on with an interrupted run of the same command");
  app->add_flag("--overwrite", o->overwrite, "Replace the output when the new one is complete");
  app->add_option(
         "--max-skipped", o->max_skipped,
         "Skipped pictures that are no failure: a number, or a share such as 1%; 100%: folders not listed, too")
      ->type_name("N")
      ->capture_default_str()
      ->check(expects("a number of pictures or a share such as 1%",
                      [](const std::string& text) { return parse_allowed_skips(text, 0).has_value(); }));
  app->add_option("--shard", o->shard, "Only part I of N; vgg16 merge puts the parts together")
      ->type_name("I/N")
      ->check(expects("I/N with 1 <= I <= N, such as 2/8",
                      [](const std::string& text) { return parse_shard(text).has_value(); }));
  return {app, [o, resume_text] { return extract(*o, resume_text); }};
}

}  // namespace vgg16
