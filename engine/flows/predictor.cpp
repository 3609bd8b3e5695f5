#include "vgg16/predictor.h"

#include <algorithm>
#include <utility>

#include "vgg16/error.h"
#include "vgg16/layer.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

// The options of an extractor whose rows are such as `model` was trained on.
ExtractorOptions network_of(const Classifier& model, const Weights* weights, const PredictorOptions& options) {
  require(weights != nullptr, ErrorCode::kInvalidArgument, "a predictor needs weights");
  const Recipe& recipe = model.recipe;
  if (!recipe.preprocessing.empty() && recipe.preprocessing != kPreprocessing) {
    throw Error(ErrorCode::kRefused, model.name + ": made with preprocessing \"" + printable(recipe.preprocessing) +
                                         "\", this program knows \"" + std::string(kPreprocessing) + "\"");
  }
  if (recipe.layer.empty() && model.columns != feature_columns(layer_index("block5_pool"), Pool::kNone)) {
    throw Error(ErrorCode::kRefused,
                model.name + " was trained on rows of " + std::to_string(model.columns) +
                    " numbers and does not record what computed them, so it cannot classify pictures; give it such "
                    "rows with predict --features");
  }
  if (recipe.weights_sha256.empty()) {
    if (options.warning) {
      options.warning(model.name + " does not record which weights and preprocessing made its features; assuming " +
                      weights->name() + " and the old scripts' recipe");
    }
  } else if (recipe.weights_sha256 != weights->sha256()) {
    throw Error(ErrorCode::kRefused, model.name + ": trained on features of weights " +
                                         printable(recipe.weights_sha256) + ", but " + weights->name() + " have " +
                                         weights->sha256() + "; give the same ones with --weights");
  }
  ExtractorOptions network = options.network;
  network.layer = recipe.layer.empty() ? "block5_pool" : recipe.layer;
  int64_t columns = 0;
  try {
    network.pool = recipe.pool.empty() ? Pool::kNone : pool_from_name(recipe.pool);
    columns = feature_columns(layer_index(network.layer), network.pool);
  } catch (const Error& unknown) {
    throw Error(ErrorCode::kRefused, model.name + ": " + unknown.what());
  }
  if (columns != model.columns) {
    throw Error(ErrorCode::kRefused, model.name + ": the model expects " + std::to_string(model.columns) +
                                         " numbers, " + network.layer + " gives " + std::to_string(columns));
  }
  return network;
}

}  // namespace

Predictor::Predictor(Classifier model, std::shared_ptr<const Weights> weights, const PredictorOptions& options)
    : model_(std::move(model)), extractor_(weights, network_of(model_, weights.get(), options)) {}

void Predictor::predict(ImagesIn images, double* probabilities) {
  const auto columns = static_cast<size_t>(extractor_.columns());
  std::vector<float> rows(static_cast<size_t>(std::max(images.n, 0)) * columns);
  extractor_.extract(images, rows.data());
  for (size_t first = 0; first < rows.size(); first += columns) {
    const std::vector<double> p = probabilities_of({rows.data() + first, columns});
    probabilities = std::copy(p.begin(), p.end(), probabilities);
  }
}

void Predictor::predict_files(std::span<const std::filesystem::path> paths, const PredictCallbacks& callbacks) {
  ExtractCallbacks each;
  if (callbacks.predicted) {
    each.row = [&](int64_t index, std::span<const float> row) { callbacks.predicted(index, probabilities_of(row)); };
  }
  each.skipped = callbacks.skipped;
  extractor_.extract_files(paths, each);
}

std::vector<double> Predictor::probabilities_of(std::span<const float> row) const {
  try {
    return model_.predict_probabilities(row);
  } catch (const Error& error) {
    throw Error(error.code(), model_.name + ": " + error.what());
  }
}

void predict_rows(const Classifier& model, const FeatureTable& table, const PredictCallbacks& callbacks) {
  if (table.columns != model.columns) {
    throw Error(ErrorCode::kRefused, table.name + " has rows of " + std::to_string(table.columns) + " numbers, " +
                                         model.name + " was trained on rows of " + std::to_string(model.columns));
  }
  const auto here = recipe_fields(table.recipe);
  const auto there = recipe_fields(model.recipe);
  for (size_t i = 0; i < kComparedRecipeFields; ++i) {
    if (here[i].second.empty() || there[i].second.empty() || here[i].second == there[i].second) continue;
    throw Error(ErrorCode::kRefused, table.name + ": " + std::string(here[i].first) + " is " +
                                         printable(here[i].second) + ", " + model.name + " was trained on " +
                                         printable(there[i].second));
  }
  constexpr int64_t kAtOnce = 64;
  const auto columns = static_cast<size_t>(table.columns);
  std::vector<float> rows(kAtOnce * columns);
  for (int64_t first = 0; first < table.rows; first += kAtOnce) {
    const int64_t count = std::min(kAtOnce, table.rows - first);
    table.read_rows(first, count, rows.data());
    for (int64_t i = 0; i < count; ++i) {
      std::vector<double> probabilities;
      try {
        probabilities = model.predict_probabilities({rows.data() + static_cast<size_t>(i) * columns, columns});
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kRefused) throw;
        if (callbacks.skipped) callbacks.skipped(first + i, error.what());
        continue;
      }
      if (callbacks.predicted) callbacks.predicted(first + i, probabilities);
    }
  }
}

}  // namespace vgg16
