// vgg16 extract: a folder of pictures becomes a features file.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "command.h"
#include "interrupt.h"
#include "print.h"
#include "progress.h"
#include "vgg16/build_info.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"
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

// "5" pictures, or "1%" of them.
int64_t allowed_skips(const std::string& text, int64_t pictures) {
  double value = -1;
  const bool share = text.ends_with('%');
  const char* end = text.data() + text.size() - (share ? 1 : 0);
  const auto [parsed, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || parsed != end || !(value >= 0) || (share && value > 100)) {
    throw Error(ErrorCode::kInvalidArgument,
                "--max-skipped " + printable(text) + ": expected a number of pictures or a share such as 1%");
  }
  return static_cast<int64_t>(share ? std::floor(static_cast<double>(pictures) * value / 100) : std::min(value, 1e15));
}

Shard parse_shard(const std::string& text) {
  Shard shard;
  const size_t slash = text.find('/');
  const auto number = [](std::string_view digits, int64_t& value) {
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return problem == std::errc() && end == digits.data() + digits.size();
  };
  const std::string_view view(text);
  if (slash == std::string::npos || !number(view.substr(0, slash), shard.index) ||
      !number(view.substr(slash + 1), shard.count) || shard.index < 1 || shard.index > shard.count) {
    throw Error(ErrorCode::kInvalidArgument,
                "--shard " + printable(text) + ": expected I/N with 1 <= I <= N, such as 2/8");
  }
  return shard;
}

std::string quoted_for_shell(std::string_view word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=./,:%@") == std::string_view::npos;
  if (plain) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// The command as given, with --resume in place of --overwrite.
std::string resume_command(const Invocation& invocation) {
  std::string command;
  bool resumes = false;
  for (int i = 0; i < invocation.argc; ++i) {
    const std::string_view word(invocation.argv[i]);
    if (word == "--overwrite") continue;
    resumes = resumes || word == "--resume";
    command += (i == 0 ? "" : " ") + quoted_for_shell(word);
  }
  return command + (resumes ? "" : " --resume");
}

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
  return o.shard.empty() ? plan : shard_plan(plan, parse_shard(o.shard));
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
  std::vector<SkippedPicture> skipped;
  bool stopped = false;
};

Run fill(FeatureFileWriter& file, Extractor& extractor, const std::filesystem::path& folder,
         const FeatureFilePlan& plan, const Common& common) {
  const std::vector<int64_t> missing = file.missing_rows();
  std::vector<std::filesystem::path> paths;
  paths.reserve(missing.size());
  for (const int64_t row : missing) paths.push_back(folder / plan.pictures[static_cast<size_t>(row)].path);
  Run run;
  const auto total = static_cast<int64_t>(plan.pictures.size());
  int64_t done = total - static_cast<int64_t>(missing.size());
  Progress progress("extract", "pictures", common);
  progress.update(done, total);
  ExtractCallbacks callbacks;
  callbacks.stop = &interrupted();
  callbacks.row = [&](int64_t index, std::span<const float> row) {
    file.write(missing[static_cast<size_t>(index)], row);
    ++run.rows;
    progress.update(++done, total);
  };
  callbacks.skipped = [&](int64_t index, const std::string& reason) {
    const int64_t row = missing[static_cast<size_t>(index)];
    file.drop(row, reason);
    run.skipped.push_back({plan.pictures[static_cast<size_t>(row)].path, reason});
    progress.update(++done, total);
  };
  run.times = extractor.extract_files(paths, callbacks);
  run.stopped = done < total;
  return run;
}

int extract(const ExtractOptions& o, const Invocation& invocation) {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds_since = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  static_cast<void>(allowed_skips(o.max_skipped, 0));
  if (!o.shard.empty()) static_cast<void>(parse_shard(o.shard));
  watch_for_interrupts();
  const auto weights = load_weights(o.network.weights);
  Extractor extractor(weights, {.layer = o.layer,
                                .pool = pool_from_name(o.pool),
                                .device = o.network.device,
                                .threads = o.network.threads,
                                .batch_size = o.network.batch_size});
  const auto seed = o.no_shuffle ? std::optional<uint64_t>() : o.seed;
  Dataset dataset = list_dataset(o.dataset, seed, o.network.threads > 0 ? o.network.threads : build_info().processors);
  require_pictures(dataset);
  const std::filesystem::path folder = dataset.folder;
  const FeatureFilePlan plan = make_plan(o, extractor, *weights, std::move(dataset));
  if (o.common.verbose) {
    print_note(counted(static_cast<int64_t>(plan.pictures.size()), "picture", "pictures") + " of " +
                   counted(static_cast<int64_t>(plan.label_names.size()), "class", "classes") + "; " +
                   std::string(extractor.backend()) + ", " + std::string(extractor.instruction_set()) + "; weights " +
                   weights->name(),
               o.common);
  }

  FeatureFileWriter file(o.output, plan,
                         {.overwrite = o.overwrite, .resume = o.resume, .rows_per_commit = o.rows_per_commit});
  for (const int64_t row : file.damaged_rows()) {
    print_warning("row " + std::to_string(row) + " was damaged on disk; it is computed again", o.common);
  }
  Run run = fill(file, extractor, folder, plan, o.common);
  if (run.stopped) {
    file.commit();
    print_error("interrupted after " + with_thousands(file.committed_rows()) + " of " +
                with_thousands(static_cast<int64_t>(plan.pictures.size())) + " rows; to go on:");
    print_error(resume_command(invocation));
    return interrupted_status();
  }
  file.finish();

  std::vector<SkippedPicture> skipped = plan.skipped;
  skipped.insert(skipped.end(), run.skipped.begin(), run.skipped.end());
  std::sort(skipped.begin(), skipped.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  const auto n_skipped = static_cast<int64_t>(skipped.size());
  const auto rows = static_cast<int64_t>(plan.pictures.size() - run.skipped.size());
  const double seconds = seconds_since();
  const double extracting = run.times.waiting_for_pictures_s + run.times.computing_s + run.times.delivering_s;
  const double rate = extracting > 0 ? static_cast<double>(run.rows) / extracting : 0;
  print_skipped(skipped, o.common);
  if (o.common.json) {
    print_json({{"schema", 1},
                {"output", o.output},
                {"rows", rows},
                {"classes", plan.label_names},
                {"skipped", skipped_json(skipped)},
                {"seconds", seconds},
                {"pictures_per_second", rate},
                {"limited_by", limiting_stage(run.times)}});
  } else {
    std::printf("%s: %s of %s numbers, %s, %s skipped; %s, %s pictures/s, limited by %s\n", printable(o.output).c_str(),
                counted(rows, "row", "rows").c_str(), with_thousands(plan.columns).c_str(),
                counted(static_cast<int64_t>(plan.label_names.size()), "class", "classes").c_str(),
                with_thousands(n_skipped).c_str(), duration_text(seconds).c_str(), fixed(rate, 1).c_str(),
                limiting_stage(run.times).c_str());
  }
  if (n_skipped > allowed_skips(o.max_skipped, rows + n_skipped)) {
    print_error(printable(o.output) + ": complete, but " + counted(n_skipped, "picture was", "pictures were") +
                " skipped, more than --max-skipped " + o.max_skipped + " allows");
    return kSkippedTooMany;
  }
  return kDone;
}

}  // namespace

Command add_extract(CLI::App& program, const Invocation& invocation) {
  auto o = std::make_shared<ExtractOptions>();
  CLI::App* app = add_command(program, "extract", "Turn a folder of pictures into a features file",
                              "vgg16 extract -d animals -o animals.h5", o->common);
  app->add_option("-d,--dataset", o->dataset, "Folder with one sub-folder of pictures per class")
      ->required()
      ->option_text("DIR");
  app->add_option("-o,--output", o->output, "Features file to write (HDF5)")->required()->option_text("FILE");
  add_network_options(*app, o->network);
  app->add_option("-s,--buffer-size", o->rows_per_commit, "Rows between two syncs to disk")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}));
  app->add_option("--layer", o->layer, "Layer to stop at, block1_conv1 to block5_pool")->capture_default_str();
  app->add_option("--pool", o->pool, "Over positions: none, avg or max")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "avg", "max"}));
  app->add_option("--seed", o->seed, "Of the shuffle, that of Python's random.Random(seed)")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{0}, uint64_t{INT64_MAX}));
  app->add_flag("--no-shuffle", o->no_shuffle, "Rows sorted by path");
  app->add_option("--dtype", o->dtype, "Of the stored numbers: f32 or f16")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "f16"}));
  app->add_flag("--resume", o->resume, "Go on with an interrupted run of the same command");
  app->add_flag("--overwrite", o->overwrite, "Replace the output")->excludes("--resume");
  app->add_option("--max-skipped", o->max_skipped, "Skipped pictures that are no failure: a number or a share")
      ->capture_default_str();
  app->add_option("--shard", o->shard, "Only part I of N; vgg16 merge puts the parts together")->option_text("I/N");
  return {app, [o, invocation] { return extract(*o, invocation); }};
}

}  // namespace vgg16
