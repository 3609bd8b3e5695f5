// vgg16 train: a features file becomes a model file and a report.
#include <filesystem>
#include <memory>

#include "command.h"
#include "print.h"
#include "print_training.h"
#include "progress.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

struct TrainCommand {
  Common common;
  std::string features;
  std::string model;
  TrainOptions options;
  bool overwrite = false;
};

int train_command(const TrainCommand& o) {
  if (!o.overwrite) {
    std::error_code unknown;
    if (std::filesystem::exists(std::filesystem::symlink_status(o.model, unknown))) {
      throw Error(ErrorCode::kExists, printable(o.model) + " already exists; add --overwrite to replace it");
    }
  }
  const FeatureTable table = open_feature_file(o.features);
  if (table.recipe.weights_sha256.empty()) {
    print_warning(
        table.name +
            " does not record its recipe; taken as block5_pool of unknown weights, as the old scripts wrote it",
        o.common);
  }
  TrainResult result;
  {
    Progress progress("train", "steps", o.common);
    result =
        train(table, o.options, [&](std::string_view, int64_t done, int64_t total) { progress.update(done, total); });
  }
  result.classifier.save(o.model,
                         {.overwrite = o.overwrite});  // before anything is printed: a report can be made again
  for (const std::string& warning : result.report.warnings) print_warning(warning, o.common);
  if (o.common.json) {
    print_json(training_json(result.report));
  } else {
    std::fputs(training_text(result.report, o.common.verbose).c_str(), stdout);
    print_note("model saved: " + printable(o.model), o.common);
  }
  return kDone;
}

}  // namespace

Command add_train(CLI::App& program) {
  auto o = std::make_shared<TrainCommand>();
  CLI::App* app = add_command(program, "train", "Train a classifier on a features file and report how good it is",
                              "vgg16 train -d animals.h5 -m animals.model", o->common);
  app->add_option("-d,--db", o->features, "Features file")->required()->option_text("FILE");
  app->add_option("-m,--model", o->model, "Model file to write")->required()->option_text("FILE");
  app->add_option("-j,--jobs", o->options.threads, "Threads; -1 is one per processor")
      ->default_str("-1")
      ->check(CLI::Range(-1, 1024));
  app->add_option("--c", o->options.c, "Values of C to try, the inverse strength of the penalty")
      ->delimiter(',')
      ->default_str("0.1,1,10,100,1000,10000")
      ->check(CLI::PositiveNumber);
  app->add_option("--folds", o->options.folds, "Folds of the cross-validation")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  app->add_option("--test-size", o->options.test_size, "Share of the rows held out for the report, the last ones")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app->add_flag("--overwrite", o->overwrite, "Replace the model");
  return {app, [o] { return train_command(*o); }};
}

}  // namespace vgg16
