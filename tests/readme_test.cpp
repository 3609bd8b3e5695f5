// Compiles and runs the code of README.md and the examples at the top of the public headers, unchanged, and checks the
// results. CMake copies each into a .inc file; the test declares the variables that an example uses without declaring
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "readme_includes.inc"
#include "support/feature_rows.h"
#include "support/pictures.h"
#include "support/python.h"
#include "support/temp_dir.h"
#include "vgg16.h"
#include "vgg16/classifier.h"
#include "vgg16/dataset.h"
#include "vgg16/embedded_weights.h"
#include "vgg16/error.h"
#include "vgg16/extract_dataset.h"
#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"
#include "vgg16/image.h"
#include "vgg16/layer.h"
#include "vgg16/names.h"
#include "vgg16/predictor.h"
#include "vgg16/reusable_rows.h"
#include "vgg16/weights.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

const fs::path kWeights = fs::path(VGG16_SOURCE_DIR) / "weights" / "vgg16-f16.safetensors";

// Rows whose class is easy to learn: every third column, beginning with number `label`, is 100 larger.
std::vector<float> class_row(int64_t label, int64_t number, int64_t columns) {
  std::vector<float> row = test_row(number, columns);
  for (int64_t i = 0; i < columns; ++i) row[static_cast<size_t>(i)] += i % 3 == label ? 100.0F : 0.0F;
  return row;
}

// Runs in a folder of its own.
class Examples : public PythonTest {
 protected:
  Examples() { fs::current_path(folder_.path()); }
  ~Examples() override { fs::current_path(before_); }

  static void write_features(int64_t columns) {
    const FeatureFilePlan plan = test_plan(24, columns);
    FeatureFileWriter file("animals.h5", plan, {});
    for (int64_t row = 0; row < 24; ++row) {
      file.write(row, class_row(plan.pictures[static_cast<size_t>(row)].label, row, columns));
    }
    file.finish();
  }

  TempDir folder_;
  fs::path before_ = fs::current_path();
};

// A model that calls everything dogs.
void save_model() {
  Classifier model;
  model.classes = {"cats", "dogs"};
  model.columns = 25088;
  model.coef.assign(25088, 0);
  model.intercept = {1};
  model.c = 1;
  model.recipe.weights_sha256 = Weights::load(kWeights)->sha256();
  model.save("animals.model", {});
}

TEST_F(Examples, Readme) {
  fs::create_symlink(kWeights, "vgg16-f16.safetensors");
  write_test_file("photo.jpg", small_jpeg());
  save_model();
  testing::internal::CaptureStdout();
#include "readme.inc"
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "dogs\n");
}

TEST_F(Examples, C) {
  fs::create_symlink(kWeights, "vgg16.safetensors");
  write_test_file("photo.jpg", small_jpeg());
  save_model();
  testing::internal::CaptureStdout();
#include "c.inc"
  std::fflush(stdout);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "dogs\n");
}

TEST_F(Examples, EmbeddedWeights) {
#include "embedded_weights.inc"
  EXPECT_EQ(weights->sha256(), Weights::load(kWeights)->sha256());
}

TEST_F(Examples, Classifier) {
  write_features(40);
  const std::vector<float> row = class_row(1, 100, 40);
#include "classifier.inc"
  EXPECT_EQ(std::max_element(p.begin(), p.end()) - p.begin(), 1);
}

TEST_F(Examples, Dataset) {
  fs::create_directories("animals/cats");
  write_test_file("animals/cats/1.jpg", small_jpeg());
#include "dataset.inc"
  EXPECT_EQ(dataset.pictures.size(), 1U);
}

TEST_F(Examples, Error) {
  testing::internal::CaptureStderr();
#include "error.inc"
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "vgg16.safetensors: no such file\n");
}

TEST_F(Examples, Names) {
#include "names.inc"
  EXPECT_EQ(text, R"(caf\xe9)");
  EXPECT_EQ(file.native(), "caf\xE9");
}

TEST_F(Examples, ExtractDataset) {
  fs::create_symlink(kWeights, "vgg16.safetensors");
  for (const char* name : {"cats", "dogs"}) {
    fs::create_directories(fs::path("animals") / name);
    write_test_file(fs::path("animals") / name / "1.jpg", small_jpeg());
  }
  testing::internal::CaptureStdout();
#include "extract_dataset.inc"
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "2 rows, 0 pictures skipped\n");
}

TEST_F(Examples, Extractor) {
  fs::create_symlink(kWeights, "vgg16.safetensors");
  const std::vector<uint8_t> grey(224 * 224 * 3, 128);
  const uint8_t* pixels = grey.data();
#include "extractor.inc"
  EXPECT_GT(*std::max_element(row.begin(), row.end()), 0);
}

TEST_F(Examples, FeatureFile) {
  const FeatureFilePlan plan = test_plan(1, 5);
  const std::vector<float> row = test_row(0, 5);
#include "feature_file.inc"
  EXPECT_EQ(table.rows, 1);
}

TEST_F(Examples, Image) {
  write_test_file("photo.jpg", small_jpeg());
  const auto report = [](const std::string& reason) { FAIL() << reason; };
  const auto use = [](const std::vector<uint8_t>& pixels) {
    EXPECT_NE(*std::max_element(pixels.begin(), pixels.end()), 0);
  };
#include "image.inc"
  EXPECT_EQ(image.value().width, 224);
}

TEST_F(Examples, Layer) {
#include "layer.inc"
  EXPECT_EQ(columns, 14 * 14 * 512);
}

TEST_F(Examples, Predictor) {
  fs::create_symlink(kWeights, "vgg16.safetensors");
  save_model();
  const std::vector<std::byte> frame(480 * 640 * 3, std::byte{128});
#include "predictor.inc"
  EXPECT_THAT(p, testing::ElementsAre(testing::DoubleNear(1 / (1 + std::exp(1)), 1e-12),
                                      testing::DoubleNear(1 / (1 + std::exp(-1)), 1e-12)));
}

TEST_F(Examples, ReusableRows) {
  const FeatureFilePlan plan = test_plan(1, 5);
  write_test_file_of("animals.h5", plan);
  testing::internal::CaptureStdout();
#include "reusable_rows.inc"
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "the first picture need not be computed\n");
  EXPECT_EQ(row, test_row(0, 5));
}

TEST_F(Examples, Weights) {
  fs::create_symlink(kWeights, "vgg16_weights_tf_..._notop.h5");
#include "weights.inc"
  EXPECT_EQ(Weights::load("vgg16.safetensors")->sha256(), weights->sha256());
}

TEST_F(Examples, ReadmeInPython) {
  need_python("h5py, numpy, safetensors, sklearn");
  if (IsSkipped()) return;
  write_features(40);
  const FeatureTable table = open_feature_file("animals.h5");
  for (const ClassifierKind kind : {ClassifierKind::kLogistic, ClassifierKind::kSvm}) {
    SCOPED_TRACE(classifier_name(kind));
    TrainOptions options;
    options.classifier = kind;
    const Classifier model = train(table, options).classifier;
    model.save("animals.model", {.overwrite = true});
    std::ofstream expected("expected.txt");
    for (int64_t row = 0; row < table.rows; ++row) {
      std::vector<float> values(40);
      table.read_rows(row, 1, values.data());
      const std::vector<double> p = model.predict_probabilities(values);
      expected << model.classes[static_cast<size_t>(std::max_element(p.begin(), p.end()) - p.begin())];
      for (const double of_class : p) expected << '\t' << std::setprecision(17) << of_class;
      expected << '\n';
    }
    expected.close();
    EXPECT_EQ(run_script("run_readme.py", quoted(fs::path(VGG16_SOURCE_DIR) / "README.md")), 0);
  }
}

}  // namespace
}  // namespace vgg16
