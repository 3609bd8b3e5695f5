/* c_interface_test WEIGHTS FOLDER: the whole job through vgg16.h, and what must be an error. Also compiled as C++11
   without exceptions. FOLDER is an existing one for files. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgg16.h"

static int failures = 0;

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  printf("line %d: %s; the last error is \"%s\"\n", line, what, vgg16_last_error());
  ++failures;
}
#define EXPECT(condition) expect((condition) != 0, #condition, __LINE__)
#define EXPECT_OK(call) expect((call) == VGG16_OK, #call, __LINE__)
/* The call fails so, and the text of the error holds `text`. */
#define EXPECT_ERROR(status, text, call) \
  expect((call) == (status) && strstr(vgg16_last_error(), text) != NULL, #call, __LINE__)

enum { kSide = 40, kColumns = 64, kRows = 24, kClasses = 3 };
static uint8_t pixels[kSide * kSide * 3];
static const char* const class_names[kClasses] = {"cats", "dogs", "panda"};

static vgg16_picture picture_of(int format, const void* data, size_t size, int height, int width) {
  vgg16_picture picture;
  memset(&picture, 0, sizeof picture);
  picture.format = format;
  picture.data = data;
  picture.size = size;
  picture.height = height;
  picture.width = width;
  return picture;
}

static void check_versions_and_layers(void) {
  size_t columns = 7;
  EXPECT_OK(vgg16_check_version(VGG16_VERSION_MAJOR, VGG16_VERSION_MINOR));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "vgg16.h of version 9.1", vgg16_check_version(9, 1));
  EXPECT(strncmp(vgg16_version(), "0.1.", 4) == 0);
  EXPECT(vgg16_layers() == 18);
  EXPECT(strcmp(vgg16_layer_name(17), "block5_pool") == 0);
  EXPECT(vgg16_layer_name(18) == NULL);
  EXPECT_OK(vgg16_layer_columns("block5_pool", NULL, &columns));
  EXPECT(columns == 25088);
  EXPECT_OK(vgg16_layer_columns("block5_pool", "2x2", &columns));
  EXPECT(columns == 2048);
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "block9_pool", vgg16_layer_columns("block9_pool", NULL, &columns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "median", vgg16_layer_columns("block5_pool", "median", &columns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "layer is NULL", vgg16_layer_columns(NULL, NULL, &columns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "columns is NULL", vgg16_layer_columns("block5_pool", NULL, NULL));
  EXPECT(columns == 2048);
}

static void check_weights(const char* path) {
  vgg16_weights* weights = NULL;
  EXPECT_ERROR(VGG16_NOT_FOUND, "missing.safetensors: no such file",
               vgg16_weights_load("missing.safetensors", &weights));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "path is NULL", vgg16_weights_load(NULL, &weights));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "weights is NULL", vgg16_weights_load(path, NULL));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "bytes is NULL", vgg16_weights_from_memory(NULL, 3, NULL, &weights));
  EXPECT_ERROR(VGG16_REFUSED, "weights in memory", vgg16_weights_from_memory("abc", 3, NULL, &weights));
  EXPECT(weights == NULL);
  vgg16_weights_free(NULL);
}

static vgg16_engine* make_engine(const vgg16_weights* weights) {
  vgg16_engine* engine = NULL;
  vgg16_engine_options options = VGG16_ENGINE_OPTIONS;
  options.layer = "block1_pool";
  options.pool = "avg";
  options.device = "cpu";
  options.threads = 1;
  options.batch_size = 2;
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "weights is NULL", vgg16_engine_create(NULL, NULL, &options, &engine));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "engine is NULL", vgg16_engine_create(weights, NULL, &options, NULL));
  options.size = sizeof options + 8;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "vgg16_engine_options: its size",
               vgg16_engine_create(weights, NULL, &options, &engine));
  options.size = 0;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "vgg16_engine_options: its size",
               vgg16_engine_create(weights, NULL, &options, &engine));
  options.size = sizeof options;
  options.batch_size = 0;
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "batch size 0", vgg16_engine_create(weights, NULL, &options, &engine));
  options.batch_size = 2;
  options.device = "abacus";
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "abacus", vgg16_engine_create(weights, NULL, &options, &engine));
  options.device = "cpu";
  EXPECT(engine == NULL);
  EXPECT_OK(vgg16_engine_create(weights, NULL, &options, &engine));
  EXPECT(vgg16_engine_columns(engine) == kColumns);
  return engine;
}

static void check_extract(vgg16_engine* engine) {
  float rows[3 * kColumns] = {0};
  float again[3 * kColumns] = {0};
  vgg16_picture pictures[3];
  int i;
  for (i = 0; i < 3; ++i) pictures[i] = picture_of(VGG16_RGB, pixels, sizeof pixels, kSide, kSide);
  EXPECT_OK(vgg16_extract(engine, pictures, 3, NULL, NULL, rows, 3 * kColumns));
  EXPECT(rows[0] > 0);
  EXPECT(memcmp(rows, rows + 2 * kColumns, kColumns * sizeof(float)) == 0);
  EXPECT_OK(vgg16_extract(engine, pictures, 3, "block1_pool", "avg", again, 3 * kColumns));
  EXPECT(memcmp(rows, again, sizeof rows) == 0);
  EXPECT_OK(vgg16_extract(engine, pictures, 1, "block1_conv1", "max", again, kColumns));
  EXPECT_OK(vgg16_extract(engine, NULL, 0, NULL, NULL, NULL, 0));

  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "engine is NULL", vgg16_extract(NULL, pictures, 1, NULL, NULL, rows, kColumns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "pictures is NULL", vgg16_extract(engine, NULL, 1, NULL, NULL, rows, kColumns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "rows is NULL", vgg16_extract(engine, pictures, 1, NULL, NULL, NULL, kColumns));
  EXPECT_ERROR(VGG16_WRONG_SIZE, "room for 63 numbers, expected 1 x 64",
               vgg16_extract(engine, pictures, 1, NULL, NULL, rows, kColumns - 1));
  EXPECT_ERROR(VGG16_WRONG_SIZE, "room for 64 numbers",
               vgg16_extract(engine, pictures, SIZE_MAX / 2, NULL, NULL, rows, kColumns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "after the last one",
               vgg16_extract(engine, pictures, 1, "block2_pool", "avg", rows, 128));
  pictures[0].size -= 1;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "picture 0: a picture's pixels",
               vgg16_extract(engine, pictures, 1, NULL, NULL, rows, kColumns));
  pictures[0].data = NULL;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "0 bytes", vgg16_extract(engine, pictures, 1, NULL, NULL, rows, kColumns));
  pictures[0].format = -1;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "unknown format", vgg16_extract(engine, pictures, 1, NULL, NULL, rows, kColumns));
  pictures[0] = picture_of(VGG16_PATH, "missing.jpg", 11, 0, 0);
  EXPECT_ERROR(VGG16_REFUSED, "no such file", vgg16_extract(engine, pictures, 1, NULL, NULL, rows, kColumns));
  pictures[0] = picture_of(VGG16_ENCODED, "GIF89a", 6, 0, 0);
  EXPECT_ERROR(VGG16_REFUSED, "picture 0", vgg16_extract(engine, pictures, 1, NULL, NULL, rows, kColumns));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "without a model", vgg16_classify(engine, pictures, 1, NULL, 0, NULL));

  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "this engine runs on the CPU",
               vgg16_extract_on_device(engine, pixels, 1, rows, kColumns, NULL));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "engine is NULL",
               vgg16_extract_on_device(NULL, pixels, 1, rows, kColumns, NULL));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "pictures is NULL",
               vgg16_extract_on_device(engine, NULL, 1, rows, kColumns, NULL));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "rows is NULL",
               vgg16_extract_on_device(engine, pixels, 1, NULL, kColumns, NULL));
  EXPECT_ERROR(VGG16_WRONG_SIZE, "room for 63", vgg16_extract_on_device(engine, pixels, 1, rows, kColumns - 1, NULL));

  vgg16_engine_cancel(engine, 1);
  EXPECT_ERROR(VGG16_CANCELLED, "cancelled", vgg16_extract(engine, pictures + 1, 1, NULL, NULL, rows, kColumns));
  vgg16_engine_cancel(engine, 0);
  EXPECT_OK(vgg16_extract(engine, pictures + 1, 1, NULL, NULL, again, kColumns));
  EXPECT(memcmp(rows, again, kColumns * sizeof(float)) == 0);
  vgg16_engine_cancel(NULL, 1);
  EXPECT(vgg16_engine_columns(NULL) == 0);
}

static vgg16_model* check_train(const vgg16_engine* engine) {
  static float rows[kRows * kColumns];
  int64_t labels[kRows];
  const double c[2] = {0.1, 1};
  vgg16_model* model = NULL;
  vgg16_train_report report;
  vgg16_train_options options = VGG16_TRAIN_OPTIONS;
  int i, j;
  for (i = 0; i < kRows; ++i) {
    labels[i] = i % kClasses;
    for (j = 0; j < kColumns; ++j) {
      rows[i * kColumns + j] = (float)(i * 31 % 7 + j % 5) + (j % kClasses == labels[i] ? 20.0F : 0.0F);
    }
  }
  options.c = c;
  options.c_count = 2;
  options.rows_of = engine;
  memset(&report, 0, sizeof report);
  report.size = sizeof report;
#define TRAIN(rows, labels, names) \
  vgg16_train(rows, kRows, kColumns, labels, names, kClasses, &options, &report, &model)
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "rows is NULL", TRAIN(NULL, labels, class_names));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "labels is NULL", TRAIN(rows, NULL, class_names));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "class_names is NULL", TRAIN(rows, labels, NULL));
  labels[3] = kClasses;
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "the label 3", TRAIN(rows, labels, class_names));
  labels[3] = 0;
  options.classifier = "oracle";
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "oracle", TRAIN(rows, labels, class_names));
  options.classifier = NULL;
  options.size = 1000;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "vgg16_train_options", TRAIN(rows, labels, class_names));
  options.size = sizeof options;
  report.size = 1000;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "vgg16_train_report", TRAIN(rows, labels, class_names));
  report.size = sizeof report;
  EXPECT_ERROR(VGG16_WRONG_SIZE, "memory can hold",
               vgg16_train(rows, SIZE_MAX, 2, labels, class_names, kClasses, &options, &report, &model));
  EXPECT(model == NULL);
  EXPECT_OK(TRAIN(rows, labels, class_names));
  EXPECT(report.best_c == 0.1 || report.best_c == 1);
  EXPECT(report.tested_rows == kRows / 4);
  EXPECT(report.accuracy == 1);
  EXPECT(report.best_trees == 0 && report.best_min_leaf == 0 && report.out_of_bag_accuracy == 0);
  EXPECT(vgg16_model_classes(model) == kClasses);
  EXPECT(vgg16_model_columns(model) == kColumns);
  EXPECT(strcmp(vgg16_model_class(model, 2), "panda") == 0);
  EXPECT(vgg16_model_class(model, 3) == NULL);
  EXPECT(vgg16_model_classes(NULL) == 0 && vgg16_model_columns(NULL) == 0 && vgg16_model_class(NULL, 0) == NULL);

  double p[2 * kClasses];
  EXPECT_OK(vgg16_model_predict(model, rows, 2, kColumns, p, 2 * kClasses));
  EXPECT(p[0] > p[1] && p[0] > p[2] && p[kClasses + 1] > p[kClasses]);
  EXPECT_ERROR(VGG16_WRONG_SIZE, "a row of 63", vgg16_model_predict(model, rows, 1, kColumns - 1, p, kClasses));
  EXPECT_ERROR(VGG16_WRONG_SIZE, "room for 2", vgg16_model_predict(model, rows, 1, kColumns, p, 2));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "rows is NULL", vgg16_model_predict(model, NULL, 1, kColumns, p, kClasses));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "is NULL", vgg16_model_predict(model, rows, 1, kColumns, NULL, kClasses));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "model is NULL", vgg16_model_predict(NULL, rows, 1, kColumns, p, kClasses));
  return model;
}

static void check_forest(void) {
  enum { kForestRows = 60, kForestColumns = 4 };
  static float rows[kForestRows * kForestColumns];
  int64_t labels[kForestRows];
  const int trees[2] = {3, 30};
  const int min_leaf[1] = {2};
  const double c = 1;
  double p[kClasses];
  double again[kClasses];
  vgg16_model* model = NULL;
  vgg16_model* second = NULL;
  vgg16_train_report report;
  vgg16_train_options options = VGG16_TRAIN_OPTIONS;
  int i, j;
  for (i = 0; i < kForestRows; ++i) {
    labels[i] = i % kClasses;
    for (j = 0; j < kForestColumns; ++j)
      rows[i * kForestColumns + j] = (float)(i * (j + 3) % 11) + (j == labels[i] ? 5.0F : 0.0F);
  }
  memset(&report, 0, sizeof report);
  report.size = sizeof report;
  options.classifier = "forest";
#define TRAIN_FOREST(made) \
  vgg16_train(rows, kForestRows, kForestColumns, labels, class_names, kClasses, &options, &report, made)
  options.c = &c;
  options.c_count = 1;
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "a forest has none", TRAIN_FOREST(&model));
  options.c = NULL;
  options.min_leaf = min_leaf;
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "no size of a forest", TRAIN_FOREST(&model)); /* none to try */
  options.min_leaf_count = 1;
  options.classifier = "svm";
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "only a forest", TRAIN_FOREST(&model));
  options.classifier = "forest";
  options.trees = trees;
  options.trees_count = 2;
  EXPECT(model == NULL);
  EXPECT_OK(TRAIN_FOREST(&model));
  EXPECT(report.best_c == 0);
  EXPECT((report.best_trees == 3 || report.best_trees == 30) && report.best_min_leaf == 2);
  EXPECT(report.accuracy > 0.6 && report.out_of_bag_accuracy > 0.6);
  EXPECT_OK(vgg16_model_predict(model, rows, 1, kForestColumns, p, kClasses));
  EXPECT(p[0] > p[1] && p[0] > p[2]);
  EXPECT_OK(TRAIN_FOREST(&second));
  EXPECT_OK(vgg16_model_predict(second, rows, 1, kForestColumns, again, kClasses));
  EXPECT(memcmp(p, again, sizeof p) == 0);
  vgg16_model_free(second);
  second = NULL;
  options.seed = 7;
  EXPECT_OK(TRAIN_FOREST(&second));
  for (i = 0; i < kForestRows && memcmp(p, again, sizeof p) == 0; ++i) {
    EXPECT_OK(vgg16_model_predict(model, rows + i * kForestColumns, 1, kForestColumns, p, kClasses));
    EXPECT_OK(vgg16_model_predict(second, rows + i * kForestColumns, 1, kForestColumns, again, kClasses));
  }
  EXPECT(memcmp(p, again, sizeof p) != 0); /* another seed, another forest */
  vgg16_model_free(second);
  vgg16_model_free(model);
}

static void check_classify(const vgg16_weights* weights, const vgg16_model* trained, const char* folder) {
  char path[4096];
  vgg16_model* model = NULL;
  vgg16_engine* engine = NULL;
  vgg16_engine_options options = VGG16_ENGINE_OPTIONS;
  const vgg16_picture picture = picture_of(VGG16_RGB, pixels, sizeof pixels, kSide, kSide);
  float row[kColumns];
  double p[kClasses];
  double expected[kClasses];
  size_t label = 9;
  snprintf(path, sizeof path, "%s/c.model", folder);
  EXPECT_OK(vgg16_model_save(trained, path, 1));
  EXPECT_ERROR(VGG16_EXISTS, "c.model already exists", vgg16_model_save(trained, path, 0));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "model is NULL", vgg16_model_save(NULL, path, 0));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "path is NULL", vgg16_model_save(trained, NULL, 0));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "path is NULL", vgg16_model_load(NULL, &model));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "model is NULL", vgg16_model_load(path, NULL));
  EXPECT_OK(vgg16_model_load(path, &model));
  options.device = "cpu";
  options.size = offsetof(vgg16_engine_options, threads); /* as of an older header, which had no more */
  EXPECT_OK(vgg16_engine_create(weights, model, &options, &engine));
  EXPECT(vgg16_engine_columns(engine) == kColumns); /* the model's layer and pool */
  vgg16_model_free(model);                          /* the engine keeps what it needs */

  EXPECT_OK(vgg16_extract(engine, &picture, 1, NULL, NULL, row, kColumns));
  EXPECT_OK(vgg16_model_predict(trained, row, 1, kColumns, expected, kClasses));
  EXPECT_OK(vgg16_classify(engine, &picture, 1, p, kClasses, &label));
  EXPECT(memcmp(p, expected, sizeof p) == 0);
  EXPECT(label < kClasses && p[label] >= p[0] && p[label] >= p[1] && p[label] >= p[2]);
  const size_t first = label;
  label = 9;
  EXPECT_OK(vgg16_classify(engine, &picture, 1, NULL, 0, &label));
  EXPECT(label == first);
  EXPECT_ERROR(VGG16_WRONG_SIZE, "room for 2", vgg16_classify(engine, &picture, 1, p, 2, &label));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "pictures is NULL", vgg16_classify(engine, NULL, 1, p, kClasses, &label));
  EXPECT_ERROR(VGG16_INVALID_ARGUMENT, "engine is NULL", vgg16_classify(NULL, &picture, 1, p, kClasses, &label));
  vgg16_engine_free(engine);
}

static void* last_error_of_thread(void* unused) {
  (void)unused;
  return (void*)(strlen(vgg16_last_error()) == 0 ? class_names : NULL);
}

int main(int argc, char** argv) {
  size_t i;
  pthread_t other;
  void* is_empty = NULL;
  vgg16_weights* weights = NULL;
  vgg16_engine* engine;
  vgg16_model* model;
  if (argc != 3) return 2;
  for (i = 0; i < sizeof pixels; ++i) pixels[i] = (uint8_t)(i * i * 31 % 251);
  EXPECT(strlen(vgg16_last_error()) == 0);
  check_versions_and_layers();
  check_weights(argv[1]);
  EXPECT_OK(vgg16_weights_load(argv[1], &weights));
  engine = make_engine(weights);
  check_extract(engine);
  EXPECT(strlen(vgg16_last_error()) > 0);
  EXPECT(pthread_create(&other, NULL, last_error_of_thread, NULL) == 0 && pthread_join(other, &is_empty) == 0);
  EXPECT(is_empty != NULL);
  model = check_train(engine);
  check_forest();
  check_classify(weights, model, argv[2]);
  vgg16_engine_free(engine);
  vgg16_engine_free(NULL);
  vgg16_model_free(model);
  vgg16_model_free(NULL);
  vgg16_weights_free(weights);
  printf("%d failures\n", failures);
  return failures != 0;
}
