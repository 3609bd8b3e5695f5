/* Prints what ../main.cpp prints. */
#include <stdio.h>
#include <string.h>
#include <vgg16.h>

int main(void) {
  static uint8_t pixels[224 * 224 * 3];
  float row[64];
  const vgg16_picture grey = {VGG16_RGB, pixels, sizeof pixels, 224, 224, 0};
  vgg16_weights* weights = NULL;
  vgg16_engine* engine = NULL;
  vgg16_model* model = NULL;
  vgg16_engine_options options = VGG16_ENGINE_OPTIONS;
  options.layer = "block1_pool";
  options.pool = "avg";
  memset(pixels, 128, sizeof pixels);
  if (vgg16_check_version(VGG16_VERSION_MAJOR, VGG16_VERSION_MINOR) || vgg16_weights_load(WEIGHTS, &weights) ||
      vgg16_engine_create(weights, NULL, &options, &engine) ||
      vgg16_extract(engine, &grey, 1, NULL, NULL, row, sizeof row / sizeof *row)) {
    puts(vgg16_last_error());
    return 1;
  }
  printf("%d numbers, the first %g\n", (int)(sizeof row / sizeof *row), row[0]);
  vgg16_engine_free(engine);
  vgg16_weights_free(weights);
  if (vgg16_model_load("missing.h5", &model)) puts(vgg16_last_error());
  return 0;
}
