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
    : model_(std::move(model)),
      extractor_(weights, network_of(model_, weights.get(), options)),
      batch_size_(static_cast<size_t>(options.network.batch_size)) {}

// extract(first, count, rows) computes the features of a batch.
template <class Extract>
void Predictor::predict_in_batches(size_t n, double* probabilities, Extract extract) {
  require(n == 0 || probabilities != nullptr, ErrorCode::kInvalidArgument,
          "predict: a null pointer instead of room for the probabilities");
  const auto columns = static_cast<size_t>(extractor_.columns());
  rows_.resize(std::max(rows_.size(), std::min(n, batch_size_) * columns));
  for (size_t first = 0; first < n; first += batch_size_) {
    const size_t count = std::min(batch_size_, n - first);
    extract(first, count, rows_.data());
    for (size_t i = 0; i < count; ++i, probabilities += model_.classes.size()) {
      probabilities_of({rows_.data() + i * columns, columns}, probabilities);
    }
  }
}

void Predictor::predict(ImagesIn images, double* probabilities) {
  if (images.n <= 0 || images.data == nullptr) return extractor_.extract(images, nullptr);  // throws, unless n is 0
  predict_in_batches(static_cast<size_t>(images.n), probabilities, [&](size_t first, size_t count, float* rows) {
    extractor_.extract({images.data + static_cast<int64_t>(first) * kPictureBytes, static_cast<int>(count)}, rows);
  });
}

void Predictor::predict(std::span<const Picture> pictures, double* probabilities) {
  predict_in_batches(pictures.size(), probabilities, [&](size_t first, size_t count, float* rows) {
    extractor_.extract_part(pictures, first, count, rows);
  });
}

void Predictor::predict_files(std::span<const std::filesystem::path> paths, const PredictCallbacks& callbacks) {
  ExtractCallbacks each;
  if (callbacks.predicted) {
    each.row = [&](int64_t index, std::span<const float> row) {
      std::vector<double> probabilities(model_.classes.size());
      probabilities_of(row, probabilities.data());
      callbacks.predicted(index, probabilities);
    };
  }
  each.skipped = callbacks.skipped;
  each.batch = callbacks.batch;
  extractor_.extract_files(paths, each);
}

void Predictor::probabilities_of(std::span<const float> row, double* probabilities) const {
  try {
    model_.predict_probabilities(row, {probabilities, model_.classes.size()});
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
