// vgg16 train: makes a model file and a report of a features file, or of a folder of pictures, which it extracts first.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "command.h"
#include "command_text.h"
#include "extraction.h"
#include "output.h"
#include "page_output.h"
#include "print.h"
#include "print_training.h"
#include "progress.h"
#include "values.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vgg16/names.h"
#include "vgg16/output.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

struct TrainCommand {
  Common common;
  std::vector<std::string> features;
  std::vector<std::string> labels;
  FeatureFileOptions reading;
  std::vector<std::string> test;
  std::vector<std::string> test_labels;
  std::string model;
  PageOutput page;
  std::string c;         // a list, as given; empty: the classifier's default
  std::string trees;     // as c
  std::string min_leaf;  // as c
  std::string classifier = "logistic";
  std::string solver = "auto";
  std::string split = "tail";
  std::string class_weight = "none";
  std::string score = "accuracy";
  TrainOptions options;
  bool overwrite = false;
  ExtractionOptions extraction;                 // of a folder
  std::vector<CLI::Option*> of_folders;         // options that only a folder has
  std::vector<CLI::Option*> of_features_files;  // and only features files
};

// Rows of the old scripts' length are taken as theirs; with any others the model can only be used on such rows.
bool is_of_pictures(const FeatureTable& table) {
  constexpr int64_t kOldColumns = 25'088;
  return !table.recipe.weights_sha256.empty() || table.columns == kOldColumns;
}

void warn_of_unknown_recipe(const FeatureTable& table, const Common& common) {
  if (!table.recipe.weights_sha256.empty()) return;
  print_warning(
      table.name + " does not record how it was made; " +
          (is_of_pictures(table) ? "assuming block5_pool and unknown weights, as in files of the old scripts"
                                 : "the model will classify rows of such features (predict --features), not pictures"),
      common);
}

const std::map<std::string, Score> kScores = {{"accuracy", Score::kAccuracy},
                                              {"balanced", Score::kBalancedAccuracy},
                                              {"log-loss", Score::kLogLoss},
                                              {"f1", Score::kMacroF1}};

FeatureTable open_table(const std::vector<std::string>& features, const std::vector<std::string>& labels,
                        const TrainCommand& o) {
  FeatureFileOptions reading = o.reading;
  reading.label_files.assign(labels.begin(), labels.end());
  const std::vector<std::filesystem::path> files(features.begin(), features.end());
  FeatureTable table = open_feature_files(files, reading);
  warn_of_unknown_recipe(table, o.common);
  return table;
}

std::string list_of(const std::vector<double>& numbers) {
  std::string list;
  for (const double number : numbers) list += (list.empty() ? "" : ",") + shortest(number);
  return list;
}

// A list of whole numbers from 1 to 100,000, such as 100,300; nothing if it is not one.
std::optional<std::vector<int>> parse_counts(const std::string& text) {
  std::vector<int> counts;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const auto count = parse_whole_number(rest.substr(0, comma));
    if (!count || *count < 1 || *count > 100'000) return {};
    counts.push_back(static_cast<int>(*count));
    if (comma == std::string_view::npos) return counts;
    rest.remove_prefix(comma + 1);
  }
}

// Options of one classifier are refused with another, which would ignore them.
void require_own_options(const TrainCommand& o) {
  const auto refuse = [&](const char* option, const std::string& value, const char* whose) {
    if (value.empty()) return;
    throw Error(ErrorCode::kInvalidArgument,
                std::string(option) + " " + value + ": --classifier " + o.classifier + " has no " + whose);
  };
  if (o.classifier == "forest") {
    refuse("--c", o.c, "C; its sizes are --trees and --min-leaf");
  } else {
    refuse("--trees", o.trees, "trees; add --classifier forest");
    refuse("--min-leaf", o.min_leaf, "leaves; add --classifier forest");
  }
}

bool is_folder(const std::string& path) {
  std::error_code problem;
  const bool found = std::filesystem::is_directory(path, problem);
  const bool is_missing = problem == std::errc::no_such_file_or_directory || problem == std::errc::not_a_directory;
  require(!problem || is_missing, ErrorCode::kIo,
          printable_path(path) + " cannot be examined: " + system_message(problem.value()));
  return found;
}

// Whether -d is a folder of pictures; options of the other kind are refused.
bool begins_with_pictures(const TrainCommand& o) {
  const auto folder = std::find_if(o.features.begin(), o.features.end(), is_folder);
  const bool is_one = folder != o.features.end();
  require(
      !is_one || o.features.size() == 1, ErrorCode::kInvalidArgument,
      "-d takes one folder of pictures, or features files; " + printable_path(is_one ? *folder : "") + " is a folder");
  for (const CLI::Option* option : is_one ? o.of_features_files : o.of_folders) {
    if (option->count() == 0) continue;
    const std::string name = printable_path(o.features[0]);
    throw Error(ErrorCode::kInvalidArgument,
                option->get_name() + (is_one ? " is about features files, and " + name + " is a folder of pictures"
                                             : " is about a folder of pictures, and " + name +
                                                   " is none; give -d the folder, or leave it out"));
  }
  require(!is_one || o.labels.size() <= 1, ErrorCode::kInvalidArgument,
          "--labels takes one table for a folder of pictures");
  return is_one;
}

// Where train -d FOLDER keeps the features.
std::string features_file_of(const std::string& model) { return model + ".features.h5"; }

// What the features file of `plan` will be, without its rows.
FeatureTable table_of(const FeatureFilePlan& plan, const std::string& output) {
  FeatureTable table;
  table.rows = std::ssize(plan.pictures);
  table.columns = plan.columns;
  table.label_names = plan.label_names;
  table.recipe = plan.recipe;
  table.name = printable_path(output);
  for (const PictureFile& picture : plan.pictures) {
    table.labels.push_back(picture.label);
    table.paths.push_back(picture.path);
    table.files.push_back({picture.size_bytes, picture.crc32});
  }
  return table;
}

TrainEstimate estimate(const FeatureTable& table, const std::optional<FeatureTable>& test,
                       const TrainOptions& options) {
  return test ? estimate_training(table, *test, options) : estimate_training(table, options);
}

// Brings the features file of the folder up to date, and says whether there was anything to do. `planned` is called
// before the work.
ExtractDatasetResult extract_folder(const TrainCommand& o, const std::string& output,
                                    const std::function<void(const FeatureFilePlan&)>& planned) {
  ExtractionOptions extraction = o.extraction;
  if (!o.labels.empty()) extraction.list.labels = o.labels[0];
  ExtractDatasetOptions options = dataset_options(extraction, o.options.seed);
  options.network.threads = std::max(0, o.options.threads);
  options.update = true;
  options.file.overwrite = o.overwrite;
  ExtractDatasetResult result = run_extraction(
      extraction, options, load_weights(extraction.weights),
      {.folder = o.features[0], .output = output, .resume_text = o.page.command, .planned = planned}, o.common);
  if (!result.finished) return result;
  print_skipped(result.skipped, o.common);
  if (o.common.json) return result;
  const std::string name = printable_path(output);
  if (result.computed_rows + result.reused_rows == 0) {
    print_note("features used again: " + name + " is of the same pictures, made in the same way", o.common);
  } else {
    print_note("features saved: " + name + ", " + counted(result.table.rows, "row", "rows") + ", " +
                   with_thousands(result.computed_rows) + " computed in this run; train -d takes it too",
               o.common);
  }
  return result;
}

TrainOptions train_options(const TrainCommand& o) {
  TrainOptions options = o.options;
  for (const ClassifierKind kind : {ClassifierKind::kSvm, ClassifierKind::kForest}) {
    if (o.classifier == classifier_name(kind)) options.classifier = kind;
  }
  options.c = o.c.empty() ? default_c_list(options.classifier) : parse_c_list(o.c);
  if (!o.trees.empty()) options.trees = parse_counts(o.trees).value();
  if (!o.min_leaf.empty()) options.min_leaf = parse_counts(o.min_leaf).value();
  for (const Solver solver : {Solver::kNewton, Solver::kLbfgs}) {
    if (o.solver == solver_name(solver)) options.solver = solver;
  }
  options.class_weight = parse_class_weight(o.class_weight);
  options.score = kScores.at(o.score);
  options.split = o.split == "stratified" ? Split::kStratified : Split::kTail;
  return options;
}

int train_command(TrainCommand o) {
  require_own_options(o);
  const bool has_folder = begins_with_pictures(o);
  const std::string features_file = has_folder ? features_file_of(o.model) : "";
  std::vector<std::string> inputs;
  for (const auto* more : {&o.features, &o.labels, &o.test, &o.test_labels}) {
    inputs.insert(inputs.end(), more->begin(), more->end());
  }
  if (has_folder) {
    const std::string& list = o.extraction.list.files_from;
    for (const std::string& more : {list == "-" ? std::string() : list, weights_file(o.extraction.weights)}) {
      if (!more.empty()) inputs.push_back(more);
    }
    require_no_input(output_names_of(features_file), {inputs.begin(), inputs.end()});
  }
  require_output(o.model, inputs, o.overwrite);
  if (has_folder && !o.page.file.empty() && o.page.images.empty()) o.page.images = o.features;
  require_page_output(o.page, inputs, has_folder ? std::vector{o.model, features_file} : std::vector{o.model},
                      o.overwrite);
  const TrainOptions options = train_options(o);
  // Opened first: what is wrong with it shows before an extraction.
  std::optional<FeatureTable> test;
  if (!o.test.empty()) test = open_table(o.test, o.test_labels, o);
  std::optional<ExtractDatasetResult> extracted;
  if (has_folder) {
    // What cannot be learnt from is refused before hours of work.
    extracted = extract_folder(o, features_file, [&](const FeatureFilePlan& plan) {
      static_cast<void>(estimate(table_of(plan, features_file), test, options));
    });
    if (!extracted->finished) return end_unfinished(*extracted);
  }
  const FeatureTable table = has_folder ? extracted->table : open_table(o.features, o.labels, o);
  require_no_picture(o.page, table);
  if (test) require_no_picture(o.page, *test);
  const TrainEstimate expected = estimate(table, test, options);
  if (o.common.verbose) {
    print_note("training takes at most " + with_thousands((expected.memory_bytes >> 20) + 1) + " MB, " +
                   (options.classifier == ClassifierKind::kForest ? "from the rows in memory"
                    : expected.route == Route::kDual              ? "from the inner products of the rows"
                                                                  : "in passes over the rows"),
               o.common);
  }
  TrainResult result;
  {
    Progress progress("train", "steps", o.common);
    const auto update = [&](std::string_view what, int64_t done, int64_t total) {
      progress.count(what);
      progress.update(done, total);
    };
    result = test ? train(table, *test, options, update) : train(table, options, update);
  }
  // Saved before anything is printed: if printing fails, the model is not lost.
  result.classifier.save(o.model, {.overwrite = o.overwrite});
  const TrainedOn tables = {table, test ? *test : table};
  for (const std::string& warning : result.report.warnings) print_warning(warning, o.common);
  if (o.common.json) {
    nlohmann::ordered_json document = training_json(result, tables);
    if (extracted) {
      document["features"] = {{"output", escape_name(features_file)},
                              {"rows", table.rows},
                              {"reused_rows", extracted->reused_rows},
                              {"computed_rows", extracted->computed_rows},
                              {"skipped", skipped_json(extracted->skipped)}};
    }
    print_json(document);
  } else if (o.common.csv) {
    print_result(classification_csv(result.report));
  } else {
    print_result(training_text(result.report, tables, {o.common.verbose, terminal_width(STDOUT_FILENO)}));
  }
  // Before the lines on standard error, which may go to the same file, and in case that the page cannot be written.
  flush_output();
  if (!o.common.json) print_note("model saved: " + printable_path(o.model), o.common);
  write_page(o.page, {result, tables.table, tables.held_out}, options.threads, o.overwrite, o.common);
  if (!o.common.json) {
    print_note("next: vgg16 predict -m " + quoted_for_shell(o.model) +
                   (is_of_pictures(table) ? " PICTURE..." : " --features FILE"),
               o.common);
  }
  if (!extracted) return kDone;
  return status_of_skipped(o.extraction, o.model, std::ssize(extracted->skipped), extracted->found_pictures);
}

}  // namespace

Command add_train(CLI::App& program, const std::string& command) {
  auto o = std::make_shared<TrainCommand>();
  o->page.command = command;
  CLI::App* app = add_command(program, "train", "Train a classifier on features or pictures and report how good it is",
                              "vgg16 train -d animals -m animals.model", o->common);
  app->add_option(
         "-d,--db", o->features,
         "Folder of pictures, or features file\nA folder has one sub-folder of pictures per class; their features "
         "are kept beside the model and used again by the next run. Features are HDF5 or .npy; several files "
         "are one table, shards in the order of their run.")
      ->required()
      ->type_name("FILE");
  app->add_option("--labels", o->labels,
                  "Labels instead of those in the features file\n.npy, .csv with one column or a column \"label\", or "
                  "text with one label a line; several files one after another. For a folder, a table of the pictures, "
                  "as for extract.")
      ->type_name("FILE")
      ->check(has_a_name());
  o->of_features_files = {add_features_name(*app, o->reading)};
  o->of_features_files.push_back(
      app->add_option("--labels-name", o->reading.labels_name, "Dataset of an HDF5 file with the labels")
          ->type_name("NAME")
          ->capture_default_str());
  app->add_option("-m,--model", o->model, "Model file to write")->required()->type_name("FILE");
  choices(app->add_option("--classifier", o->classifier,
                          "What is trained\nL2-penalised logistic regression, a linear SVM (LinearSVC) with Platt's "
                          "probabilities, or a random forest."),
          {"logistic", "svm", "forest"})
      ->capture_default_str();
  choices(app->add_option("--solver", o->solver,
                          "Optimiser of logistic regression\nnewton works on the rows' inner products; auto takes the "
                          "faster."),
          {"auto", "newton", "lbfgs"})
      ->capture_default_str();
  app->add_option("-j,--jobs", o->options.threads,
                  "Threads; -1 and 0 are one per processor\nUp to 1024. In a container, 0 is within its quota.")
      ->type_name("N")
      ->default_str("-1")
      ->check(whole_number(-1, 1024));
  app->add_option("--c", o->c,
                  "Values of C, the inverse penalty strength, to try\nlo:hi:n is n values in geometric progression.")
      ->type_name("LIST")
      ->default_str(list_of(default_c_list()) + "; svm: " + list_of(default_c_list(ClassifierKind::kSvm)))
      ->check(expects("a list of numbers above 0, such as 0.1,1,10 or 1e-6:1:7", [](const std::string& text) {
        try {
          return !parse_c_list(text).empty();
        } catch (const Error&) {
          return false;
        }
      }));
  const CLI::Validator counts = expects("a list of whole numbers from 1 to 100000, such as 100,300",
                                        [](const std::string& text) { return parse_counts(text).has_value(); });
  app->add_option("--trees", o->trees, "Numbers of trees of a forest to try")
      ->type_name("LIST")
      ->default_str("100")
      ->check(counts);
  app->add_option("--min-leaf", o->min_leaf, "Least rows in a leaf of a forest to try")
      ->type_name("LIST")
      ->default_str("1")
      ->check(counts);
  app->add_option("--class-weight", o->class_weight,
                  "Weights of the classes: none, balanced or NAME=W\nSeveral are NAME=W,NAME=W. How much the rows of a "
                  "class count in training: balanced makes all classes count the same; classes without a W have 1.")
      ->type_name("WEIGHTS")
      ->capture_default_str();
  choices(app->add_option("--score", o->score,
                          "What chooses C, or a forest's size\nbalanced is the mean recall of the classes, f1 the mean "
                          "of their F1."),
          {"accuracy", "balanced", "log-loss", "f1"})
      ->capture_default_str();
  app->add_option("--folds", o->options.folds, "Folds of the cross-validation, 2 to 1000")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(2, 1000));
  CLI::Option* const test_size =
      app->add_option("--test-size", o->options.test_size,
                      "Share of the rows held out for the test\n0 trains on all of them and reports out-of-fold "
                      "predictions.");
  test_size->type_name("SHARE")->capture_default_str()->check(
      expects("a number from 0 to below 1", [](const std::string& text) {
        const auto share = parse_number(text);
        return share && *share >= 0 && *share < 1;
      }));
  CLI::Option* const split =
      choices(app->add_option("--split", o->split, "Rows held out\nThe last ones, or the same share of every class."),
              {"tail", "stratified"});
  split->capture_default_str();
  CLI::Option* const test =
      app->add_option("--test", o->test, "Features files to test on\nOf the same recipe; then all rows of --db train.");
  test->type_name("FILE")->excludes(test_size)->excludes(split);
  app->add_option("--test-labels", o->test_labels, "Labels of the rows of --test, as --labels")
      ->type_name("FILE")
      ->needs(test);
  app->add_option("--seed", o->options.seed,
                  "Seed of --split stratified, and of a forest\nFor a folder, also that of the order of the rows.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, INT64_MAX));
  add_page_options(*app, o->page);
  add_format(*app, o->common, "csv is the table of classes: precision, recall, F1 and support.");
  app->add_flag("--overwrite", o->overwrite,
                "Replace the model and the page\nFor a folder, also features that were made in another way.");
  const size_t own = app->get_options().size();
  add_files_from(*app, o->extraction.list, nullptr);
  add_extraction_options(*app, o->extraction);
  const std::vector<CLI::Option*> all = app->get_options();
  o->of_folders.assign(all.begin() + static_cast<std::ptrdiff_t>(own), all.end());
  for (CLI::Option* option : o->of_folders) option->group("For a folder of pictures, as for extract");
  return {app, [o] { return train_command(*o); }};
}

}  // namespace vgg16
