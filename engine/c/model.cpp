#include <algorithm>
#include <span>

#include "c/handles.h"
#include "c/status.h"
#include "vgg16/layer.h"
#include "vgg16/preprocess.h"

using vgg16::guarded;
using vgg16::need;

namespace {

vgg16::ClassifierKind classifier_of(const char* given) {
  const std::string_view name = given == nullptr ? "logistic" : given;
  for (const auto kind :
       {vgg16::ClassifierKind::kLogistic, vgg16::ClassifierKind::kSvm, vgg16::ClassifierKind::kForest}) {
    if (vgg16::classifier_name(kind) == name) return kind;
  }
  throw vgg16::Error(vgg16::ErrorCode::kInvalidArgument,
                     "vgg16_train: classifier \"" + vgg16::printable(name) + "\", expected logistic, svm or forest");
}

vgg16::TrainOptions train_options(const vgg16_train_options& given) {
  vgg16::TrainOptions options;
  options.classifier = classifier_of(given.classifier);
  // Options of one classifier are refused with another, which would ignore them.
  const bool is_forest = options.classifier == vgg16::ClassifierKind::kForest;
  vgg16::require(!is_forest || given.c == nullptr, vgg16::ErrorCode::kInvalidArgument,
                 "vgg16_train: c is given, and a forest has none; its sizes are trees and min_leaf");
  vgg16::require(is_forest || (given.trees == nullptr && given.min_leaf == nullptr), vgg16::ErrorCode::kInvalidArgument,
                 "vgg16_train: trees or min_leaf are given, which only a forest has");
  options.c = vgg16::default_c_list(options.classifier);
  if (given.c != nullptr) options.c.assign(given.c, given.c + given.c_count);
  if (given.trees != nullptr) options.trees.assign(given.trees, given.trees + given.trees_count);
  if (given.min_leaf != nullptr) options.min_leaf.assign(given.min_leaf, given.min_leaf + given.min_leaf_count);
  options.seed = given.seed;
  if (given.class_weight != nullptr) options.class_weight = vgg16::parse_class_weight(given.class_weight);
  options.test_size = given.test_size;
  options.folds = given.folds;
  options.threads = given.threads;
  return options;
}

// A view of the caller's rows.
vgg16::FeatureTable table_of(const float* rows, size_t n, size_t columns, const int64_t* labels,
                             const char* const* class_names, size_t classes) {
  size_t numbers = 0;
  if (__builtin_mul_overflow(n, columns, &numbers) || numbers > SIZE_MAX / sizeof(float)) {
    throw vgg16::Error(vgg16::ErrorCode::kShape, "vgg16_train: more numbers than memory can hold");
  }
  vgg16::FeatureTable table;
  table.rows = static_cast<int64_t>(n);
  table.columns = static_cast<int64_t>(columns);
  table.labels.assign(labels, labels + n);
  for (size_t i = 0; i < classes; ++i) {
    need(class_names[i], "vgg16_train: a class name");
    table.label_names.emplace_back(class_names[i]);
  }
  for (const int64_t label : table.labels) {
    if (label >= 0 && label < static_cast<int64_t>(classes)) continue;
    throw vgg16::Error(vgg16::ErrorCode::kInvalidArgument, "vgg16_train: a row has the label " + std::to_string(label) +
                                                               ", expected 0 to " + std::to_string(classes) + " - 1");
  }
  table.name = "the rows";
  table.read_rows = [rows, columns](int64_t first, int64_t count, float* out) {
    std::copy_n(rows + static_cast<size_t>(first) * columns, static_cast<size_t>(count) * columns, out);
  };
  return table;
}

void write_report(const vgg16::Report& report, vgg16_train_report* out) {
  const vgg16::Candidate& best = report.candidates[report.best];
  const vgg16_train_report whole = {.size = out->size,
                                    .best_c = best.c,
                                    .tested_rows = report.predictions.size(),
                                    .accuracy = report.accuracy,
                                    .accuracy_low = report.accuracy_low,
                                    .accuracy_high = report.accuracy_high,
                                    .log_loss = report.log_loss,
                                    .best_trees = best.trees,
                                    .best_min_leaf = best.min_leaf,
                                    .out_of_bag_accuracy = report.out_of_bag_accuracy};
  std::memcpy(out, &whole, out->size);
}

}  // namespace

vgg16_status vgg16_model_load(const char* path, vgg16_model** model) {
  return guarded([&] {
    need(path, "vgg16_model_load: path");
    need(model, "vgg16_model_load: model");
    *model = new vgg16_model{vgg16::Classifier::load(path)};
  });
}

vgg16_status vgg16_model_save(const vgg16_model* model, const char* path, int overwrite) {
  return guarded([&] {
    need(model, "vgg16_model_save: model");
    need(path, "vgg16_model_save: path");
    model->model.save(path, {.overwrite = overwrite != 0});
  });
}

void vgg16_model_free(vgg16_model* model) { delete model; }

size_t vgg16_model_classes(const vgg16_model* model) { return model == nullptr ? 0 : model->model.classes.size(); }

const char* vgg16_model_class(const vgg16_model* model, size_t index) {
  return index < vgg16_model_classes(model) ? model->model.classes[index].c_str() : nullptr;
}

size_t vgg16_model_columns(const vgg16_model* model) {
  return model == nullptr ? 0 : static_cast<size_t>(model->model.columns);
}

vgg16_status vgg16_model_predict(const vgg16_model* model, const float* rows, size_t n, size_t columns,
                                 double* probabilities, size_t count) {
  return guarded([&] {
    need(model, "vgg16_model_predict: model");
    if (n > 0) need(rows, "vgg16_model_predict: rows");
    if (n > 0) need(probabilities, "vgg16_model_predict: probabilities");
    const size_t classes = model->model.classes.size();
    vgg16::need_size("vgg16_model_predict: probabilities", count, n, classes);
    for (size_t i = 0; i < n; ++i) {
      model->model.predict_probabilities({rows + i * columns, columns}, {probabilities + i * classes, classes});
    }
  });
}

vgg16_status vgg16_train(const float* rows, size_t n, size_t columns, const int64_t* labels,
                         const char* const* class_names, size_t classes, const vgg16_train_options* options,
                         vgg16_train_report* report, vgg16_model** model) {
  return guarded([&] {
    need(rows, "vgg16_train: rows");
    need(labels, "vgg16_train: labels");
    need(class_names, "vgg16_train: class_names");
    need(model, "vgg16_train: model");
    const vgg16_train_options given = vgg16::known(options, VGG16_TRAIN_OPTIONS, "vgg16_train_options");
    static_cast<void>(vgg16::known(report, vgg16_train_report{}, "vgg16_train_report"));
    vgg16::FeatureTable table = table_of(rows, n, columns, labels, class_names, classes);
    if (given.rows_of != nullptr) {
      const vgg16::Extractor& network = given.rows_of->extractor();
      const int64_t expected = network.columns();
      if (static_cast<int64_t>(columns) != expected) {
        throw vgg16::Error(vgg16::ErrorCode::kShape, "vgg16_train: rows of " + std::to_string(columns) +
                                                         " numbers, and rows_of makes " + std::to_string(expected));
      }
      table.recipe.layer = vgg16::layer_name(network.layer());
      table.recipe.pool = vgg16::pool_name(network.pool());
      table.recipe.preprocessing = vgg16::kPreprocessing;
      table.recipe.weights_sha256 = given.rows_of->weights->sha256();
    }
    vgg16::TrainResult result = vgg16::train(table, train_options(given));
    auto made = std::make_unique<vgg16_model>();
    made->model = std::move(result.classifier);
    if (report != nullptr) write_report(result.report, report);
    *model = made.release();
  });
}
