#include <algorithm>
#include <array>
#include <climits>
#include <span>

#include "c/handles.h"
#include "c/status.h"
#include "vgg16/layer.h"

using vgg16::guarded;
using vgg16::need;

namespace {

std::string_view text_or(const char* text, std::string_view otherwise) { return text == nullptr ? otherwise : text; }

// The caller's pictures. Formats have the same numbers on both sides.
std::span<const vgg16::Picture> pictures_of(vgg16_engine& engine, const vgg16_picture* pictures, size_t n) {
  engine.pictures.clear();
  for (size_t i = 0; i < n; ++i) {
    const vgg16_picture& picture = pictures[i];
    const std::span bytes(static_cast<const std::byte*>(picture.data), picture.data == nullptr ? 0 : picture.size);
    engine.pictures.push_back({.bytes = bytes,
                               .format = static_cast<vgg16::PictureFormat>(picture.format),
                               .height = picture.height,
                               .width = picture.width,
                               .stride = picture.stride});
  }
  return engine.pictures;
}

}  // namespace

size_t vgg16_layers(void) { return vgg16::layer_index("block5_pool") + 1; }  // the last one

const char* vgg16_layer_name(size_t index) {
  return index < vgg16_layers() ? vgg16::layer_name(index).data() : nullptr;  // a literal, so it ends with a zero
}

vgg16_status vgg16_layer_columns(const char* layer, const char* pool, size_t* columns) {
  return guarded([&] {
    need(layer, "vgg16_layer_columns: layer");
    need(columns, "vgg16_layer_columns: columns");
    const vgg16::Pool pooled = vgg16::pool_from_name(text_or(pool, "none"));
    *columns = static_cast<size_t>(vgg16::feature_columns(vgg16::layer_index(layer), pooled));
  });
}

vgg16_status vgg16_weights_load(const char* path, vgg16_weights** weights) {
  return guarded([&] {
    need(path, "vgg16_weights_load: path");
    need(weights, "vgg16_weights_load: weights");
    *weights = new vgg16_weights{vgg16::Weights::load(path)};
  });
}

vgg16_status vgg16_weights_from_memory(const void* bytes, size_t size, const char* sha256, vgg16_weights** weights) {
  return guarded([&] {
    need(bytes, "vgg16_weights_from_memory: bytes");
    need(weights, "vgg16_weights_from_memory: weights");
    const std::span file(static_cast<const std::byte*>(bytes), size);
    *weights = new vgg16_weights{vgg16::Weights::from_safetensors(file, "weights in memory", text_or(sha256, ""))};
  });
}

void vgg16_weights_free(vgg16_weights* weights) { delete weights; }

vgg16_status vgg16_engine_create(const vgg16_weights* weights, const vgg16_model* model,
                                 const vgg16_engine_options* options, vgg16_engine** engine) {
  return guarded([&] {
    need(weights, "vgg16_engine_create: weights");
    need(engine, "vgg16_engine_create: engine");
    const vgg16_engine_options given = vgg16::known(options, VGG16_ENGINE_OPTIONS, "vgg16_engine_options");
    const vgg16::ExtractorOptions network = {.layer = std::string(text_or(given.layer, "block5_pool")),
                                             .pool = vgg16::pool_from_name(text_or(given.pool, "none")),
                                             .device = std::string(text_or(given.device, "auto")),
                                             .precision = std::string(text_or(given.precision, "f32")),
                                             .threads = given.threads,
                                             .batch_size = given.batch_size};
    auto made = std::make_unique<vgg16_engine>();
    made->weights = weights->weights;
    if (model != nullptr) {
      made->predictor.emplace(model->model, weights->weights, vgg16::PredictorOptions{.network = network});
    } else {
      made->features.emplace(weights->weights, network);
    }
    *engine = made.release();
  });
}

void vgg16_engine_free(vgg16_engine* engine) { delete engine; }

size_t vgg16_engine_columns(const vgg16_engine* engine) {
  return engine == nullptr ? 0 : static_cast<size_t>(engine->extractor().columns());
}

void vgg16_engine_cancel(vgg16_engine* engine, int on) {
  if (engine != nullptr) engine->extractor().cancel(on != 0);
}

vgg16_status vgg16_extract(vgg16_engine* engine, const vgg16_picture* pictures, size_t n, const char* layer,
                           const char* pool, float* rows, size_t count) {
  return guarded([&] {
    need(engine, "vgg16_extract: engine");
    if (n > 0) need(pictures, "vgg16_extract: pictures");
    if (n > 0) need(rows, "vgg16_extract: rows");
    const size_t at = layer == nullptr ? engine->extractor().layer() : vgg16::layer_index(layer);
    const vgg16::Pool pooled =
        layer == nullptr ? engine->extractor().pool() : vgg16::pool_from_name(text_or(pool, "none"));
    const auto columns = static_cast<size_t>(vgg16::feature_columns(at, pooled));
    vgg16::need_size("vgg16_extract: rows", count, n, columns);
    engine->extractor().extract(pictures_of(*engine, pictures, n), at, pooled, rows);
  });
}

vgg16_status vgg16_extract_on_device(vgg16_engine* engine, const uint8_t* pictures, size_t n, float* rows, size_t count,
                                     void* stream) {
  return guarded([&] {
    need(engine, "vgg16_extract_on_device: engine");
    if (n > 0) need(pictures, "vgg16_extract_on_device: pictures");
    if (n > 0) need(rows, "vgg16_extract_on_device: rows");
    vgg16::Extractor& extractor = engine->extractor();
    vgg16::need_size("vgg16_extract_on_device: rows", count, n, static_cast<size_t>(extractor.columns()));
    vgg16::require(n <= INT_MAX, vgg16::ErrorCode::kShape, "vgg16_extract_on_device: too many pictures");
    extractor.extract_on_device({pictures, static_cast<int>(n)}, {rows}, stream);
  });
}

vgg16_status vgg16_classify(vgg16_engine* engine, const vgg16_picture* pictures, size_t n, double* probabilities,
                            size_t count, size_t* labels) {
  return guarded([&] {
    need(engine, "vgg16_classify: engine");
    vgg16::require(engine->predictor.has_value(), vgg16::ErrorCode::kInvalidArgument,
                   "vgg16_classify: the engine was made without a model");
    if (n > 0) need(pictures, "vgg16_classify: pictures");
    const size_t classes = engine->predictor->model().classes.size();
    if (probabilities != nullptr) {
      vgg16::need_size("vgg16_classify: probabilities", count, n, classes);
    } else {
      engine->probabilities.resize(std::max(engine->probabilities.size(), n * classes));
      probabilities = engine->probabilities.data();
    }
    engine->predictor->predict(pictures_of(*engine, pictures, n), probabilities);
    for (size_t i = 0; labels != nullptr && i < n; ++i) {
      const double* of_picture = probabilities + i * classes;
      labels[i] = static_cast<size_t>(std::max_element(of_picture, of_picture + classes) - of_picture);
    }
  });
}
