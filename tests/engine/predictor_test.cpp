#include "vgg16/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "support/expect_error.h"
#include "support/pictures.h"
#include "support/random.h"
#include "support/synthetic_weights.h"
#include "support/temp_dir.h"
#include "vgg16/image.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::ElementsAreArray;

// A model of `classes` classes on the 64 means of an early layer.
Classifier quick_model(int classes) {
  Classifier model;
  for (int i = 0; i < classes; ++i) model.classes.push_back("class " + std::to_string(i));
  model.columns = 64;
  const int scores = classes == 2 ? 1 : classes;
  const auto coef = random_floats(scores * model.columns, 3, -0.002F, 0.002F);
  model.coef.assign(coef.begin(), coef.end());
  model.intercept.assign(static_cast<size_t>(scores), 0.25);
  model.recipe.layer = "block1_pool";
  model.recipe.pool = "avg";
  model.recipe.preprocessing = kPreprocessing;
  model.recipe.weights_sha256 = weights()->sha256();
  return model;
}

constexpr int kBatch = 2;
ExtractorOptions quick() {
  return {.layer = "block1_pool", .pool = Pool::kAvg, .device = "cpu", .threads = 1, .batch_size = kBatch};
}

void expect_refusal(const std::string& message, const Classifier& model) {
  expect_error(ErrorCode::kRefused, message, [&] { Predictor(model, weights()); });
}

TEST(PredictorTest, PixelsGetTheProbabilitiesOfTheirRows) {
  constexpr int kPictures = 2 * kBatch + 1;
  const auto pixels = random_bytes(kPictures * kPictureBytes, 7);
  std::vector<float> rows(kPictures * 64);
  Extractor(weights(), quick()).extract({pixels.data(), kPictures}, rows.data());
  for (const int classes : {2, 3}) {
    const Classifier model = quick_model(classes);
    std::vector<double> expected;
    for (size_t i = 0; i < kPictures; ++i) {
      const auto p = model.predict_probabilities({rows.data() + 64 * i, 64});
      expected.insert(expected.end(), p.begin(), p.end());
    }
    EXPECT_GT(expected[0], 0.001);
    EXPECT_LT(expected[0], 0.999) << "or bits would say little";
    // The model's layer and pool are taken, whatever the options say.
    Predictor predictor(model, weights(), {.network = {.device = "cpu", .threads = 1, .batch_size = kBatch}});
    EXPECT_EQ(predictor.model().classes, model.classes);
    std::vector<double> probabilities(expected.size());
    predictor.predict({pixels.data(), kPictures}, probabilities.data());
    EXPECT_EQ(probabilities, expected);
    predictor.predict(ImagesIn{}, nullptr);
    expect_error(ErrorCode::kShape, "-1 pictures", [&] { predictor.predict({nullptr, -1}, nullptr); });
  }
}

TEST(PredictorTest, FilesGetTheProbabilitiesOfTheirPixels) {
  const TempDir folder;
  write_test_file(folder / "a.jpg", small_jpeg());
  write_test_file(folder / "b.jpg", "no picture");
  write_test_file(folder / "c.png", small_png({.width = 2, .height = 2}, file_bytes({"\0\x10\x20\1\x30\x40", 6})));
  const std::vector<fs::path> paths = {folder / "a.jpg", folder / "b.jpg", folder / "c.png"};
  Predictor predictor(quick_model(3), weights(), {.network = quick()});
  std::vector<std::string> events;
  PredictCallbacks callbacks;
  callbacks.predicted = [&](int64_t index, std::span<const double> probabilities) {
    events.push_back(std::to_string(index));
    const auto image = load_image(paths[static_cast<size_t>(index)]);
    ASSERT_TRUE(image) << image.reason();
    std::vector<uint8_t> pixels(static_cast<size_t>(kPictureBytes));
    resize_nearest(image.value(), kInputSide, pixels.data());
    std::vector<double> expected(3);
    Predictor(quick_model(3), weights(), {.network = quick()}).predict({pixels.data(), 1}, expected.data());
    EXPECT_THAT(probabilities, ElementsAreArray(expected));
  };
  callbacks.skipped = [&](int64_t index, const std::string& reason) {
    events.push_back(std::to_string(index) + " " + reason);
  };
  predictor.predict_files(paths, callbacks);
  EXPECT_THAT(events, ElementsAre("0", "1 not a JPEG or PNG", "2"));
}

TEST(PredictorTest, RefusesAModelOfOtherRows) {
  Classifier model = quick_model(3);
  model.recipe.weights_sha256 = std::string(64, 'a');
  expect_refusal("the model: trained on features of weights " + std::string(64, 'a') + ", but " + weights()->name() +
                     " have " + weights()->sha256() + "; give the same ones with --weights",
                 model);
  model = quick_model(3);
  model.recipe.preprocessing = "torch-nearest-224-bgr-mean";
  expect_refusal(
      "the model: made with preprocessing \"torch-nearest-224-bgr-mean\", this program knows "
      "\"keras-nearest-224-bgr-mean\"",
      model);
  model = quick_model(3);
  model.recipe.layer = "block9_pool";
  expect_refusal("the model: no layer is called \"block9_pool\"", model);
  model = quick_model(3);
  model.recipe.pool = "median";
  expect_refusal("the model: ", model);
  model = quick_model(3);
  model.recipe.layer = "block2_pool";
  expect_refusal("the model: the model expects 64 numbers, block2_pool gives 128", model);
  model = quick_model(3);
  model.recipe.pool = "";
  expect_refusal("the model: the model expects 64 numbers, block1_pool gives 802816", model);
}

TEST(PredictorTest, CallsALoadedModelByItsFile) {
  const TempDir folder;
  Classifier model = quick_model(3);
  model.c = 1;
  model.recipe.weights_sha256 = std::string(64, 'a');
  model.save(folder / "new\n.model", {});
  expect_refusal("new\\x0a.model: trained on features of weights", Classifier::load(folder / "new\n.model"));
}

TEST(PredictorTest, SaysThatAModelRecordsNothing) {
  std::vector<std::string> warnings;
  const PredictorOptions options = {.network = quick(),
                                    .warning = [&](const std::string& line) { warnings.push_back(line); }};
  Classifier model = quick_model(2);
  const Predictor recorded(model, weights(), options);
  EXPECT_THAT(warnings, ElementsAre());
  model.recipe.weights_sha256 = "";
  const Predictor assumed(model, weights(), options);
  EXPECT_THAT(warnings, ElementsAre("the model does not record which weights and preprocessing made its features; "
                                    "assuming " +
                                    weights()->name() + " and the old scripts' recipe"));
  model.recipe = {};
  expect_refusal("the model was trained on rows of 64 numbers and does not record what computed them", model);
}

TEST(PredictorTest, RefusesRowsThatAreTooLargeForTheModel) {
  Classifier model = quick_model(2);
  model.coef.assign(model.coef.size(), 1e308);
  Predictor predictor(model, weights(), {.network = quick()});
  const auto pixels = random_bytes(kPictureBytes, 7);
  std::vector<double> probabilities(2);
  expect_error(ErrorCode::kRefused, "the model: the scores of a row are not finite", [&] {
    predictor.predict({pixels.data(), 1}, probabilities.data());
  });
}

TEST(PredictorTest, NeedsWeights) {
  expect_error(ErrorCode::kInvalidArgument, "a predictor needs weights", [] { Predictor(quick_model(2), nullptr); });
}

}  // namespace
}  // namespace vgg16
