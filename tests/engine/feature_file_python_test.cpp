// Features files between this program and h5py, in both directions; tests/python/feature_files.py is the other side.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>

#include "extract/shuffle.h"
#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/python.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

class FeatureFilePython : public PythonTest {
 protected:
  void SetUp() override { need_python("h5py, numpy"); }
  TempDir folder_;
};

TEST_F(FeatureFilePython, H5pyFindsEverythingThatTheFormatPromises) {
  write_test_file_of(folder_ / "single.h5", test_plan(40, 50));
  EXPECT_EQ(run_script("feature_files.py", "check " + quoted(folder_ / "single.h5") + " 40 50 f32"), 0);
  write_test_file_of(folder_ / "half.h5", test_plan(40, 50, FeatureType::kF16));
  EXPECT_EQ(run_script("feature_files.py", "check " + quoted(folder_ / "half.h5") + " 40 50 f16"), 0);
}

TEST_F(FeatureFilePython, TheOldTrainingScriptRunsOnOurs) {
  need_python("sklearn");
  if (IsSkipped()) return;
  for (const FeatureType type : {FeatureType::kF32, FeatureType::kF16}) {
    write_test_file_of(folder_ / "a.h5", test_plan(60, 30, type), {.overwrite = true});
    EXPECT_EQ(run_script("feature_files.py", "train " + quoted(folder_ / "a.h5")), 0);
  }
}

TEST_F(FeatureFilePython, H5pyOpensAnUnfinishedFile) {
  FeatureFileWriter writer(folder_ / "a.h5", test_plan(20, 5), {});
  for (int64_t row = 0; row < 7; ++row) writer.write(row, test_row(row, 5));
  writer.commit();
  EXPECT_EQ(run_script("feature_files.py", "peek " + quoted(writer.partial_path()) + " > " + quoted(folder_ / "count")),
            0);
  EXPECT_EQ(read_bytes(folder_ / "count"), "7\n");
}

void expect_old_content(const FeatureTable& table, const std::string& what) {
  ASSERT_EQ(table.rows, 12) << what;
  ASSERT_EQ(table.columns, 20) << what;
  EXPECT_EQ(table.recipe.layer, "") << what;
  EXPECT_TRUE(table.paths.empty()) << what;
  std::vector<float> rows(240);
  // In two steps, so that a chunk is read in parts.
  table.read_rows(0, 7, rows.data());
  table.read_rows(7, 5, rows.data() + 140);
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i], static_cast<float>(static_cast<int>(i) % 61 - 7) / 4) << what << " " << i;
  }
  for (size_t i = 0; i < 12; ++i) {
    const std::string& name = table.label_names[static_cast<size_t>(table.labels[i])];
    EXPECT_EQ(name[0], "cdp"[i * 7 % 3]) << what;
  }
}

TEST_F(FeatureFilePython, ReadsWhatTheOldExtractorWrote) {
  ASSERT_EQ(run_script("feature_files.py", "old " + quoted(folder_ / "old.h5")), 0);
  const FeatureTable table = open_feature_file(folder_ / "old.h5");
  expect_old_content(table, "old");
  EXPECT_EQ(table.label_names, (std::vector<std::string>{"cats", "dogs", "p\xC3\xA2nd"}));
  EXPECT_TRUE(read_skipped(folder_ / "old.h5").empty());
}

TEST_F(FeatureFilePython, ReadsEveryHonestLayoutAndType) {
  ASSERT_EQ(run_script("feature_files.py", "variants " + quoted(folder_.path())), 0);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    const std::string name = entry.path().filename().string();
    ++files;
    try {
      expect_old_content(open_feature_file(entry.path()), name);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_EQ(files, 38);
}

// The classes and rows' classes in file `expected`, which NumPy computed, against those of the table.
void expect_classes(const FeatureTable& table, const std::filesystem::path& expected) {
  std::ifstream file(expected);
  size_t classes = 0;
  file >> classes;
  ASSERT_EQ(table.label_names.size(), classes);
  ASSERT_EQ(table.labels.size(), 12U);
  std::string name;
  for (const std::string& found : table.label_names) {
    file >> name;
    EXPECT_EQ(found, name);
  }
  for (const int64_t label : table.labels) {
    file >> name;
    EXPECT_EQ(table.label_names[static_cast<size_t>(label)], name);
  }
}

TEST_F(FeatureFilePython, ReadsWhatNumpySaves) {
  ASSERT_EQ(run_script("feature_files.py", "npy " + quoted(folder_.path())), 0);
  int features = 0;
  int labels = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    SCOPED_TRACE(entry.path().filename());
    FeatureFileOptions options;
    if (entry.path().filename().string().starts_with("x-")) {
      ++features;
      options.label_files = {folder_ / "y-text.npy"};
      expect_old_content(open_feature_file(entry.path(), options), entry.path().filename());
    } else if (entry.path().extension() != ".expected") {
      ++labels;
      options.label_files = {entry.path()};
      expect_classes(open_feature_file(folder_ / "x-f4le.npy", options), entry.path().string() + ".expected");
    }
  }
  EXPECT_EQ(features, 16);
  EXPECT_EQ(labels, 20);
}

TEST_F(FeatureFilePython, TheAdvisedConversionOfAnNpzFileIsRead) {
  ASSERT_EQ(run_script("feature_files.py", "npz " + quoted(folder_.path())), 0);
  const std::string message = refusal([&] { static_cast<void>(open_feature_file(folder_ / "IN.npz")); });
  const size_t line = message.find("python3 -c ");
  ASSERT_NE(line, std::string::npos) << message;
  ASSERT_EQ(run_python_line(folder_.path(), message.substr(line + std::string("python3 ").size())), 0);
  FeatureFileOptions options;
  options.needs_labels = false;
  const FeatureTable table = open_feature_file(folder_ / "x.npy", options);
  EXPECT_EQ(table.rows, 12);
  EXPECT_EQ(table.columns, 20);
}

TEST_F(FeatureFilePython, MakesTheClassesThatNumpyMakes) {
  ASSERT_EQ(run_script("feature_files.py", "labels " + quoted(folder_.path())), 0);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().extension() != ".h5") continue;
    SCOPED_TRACE(entry.path().filename());
    ++files;
    const FeatureTable table = open_feature_file(entry.path());
    expect_classes(table, std::filesystem::path(entry.path()).replace_extension(".txt"));
  }
  EXPECT_EQ(files, 28);
}

TEST_F(FeatureFilePython, FindsFeaturesAndLabelsUnderOtherNames) {
  ASSERT_EQ(run_script("feature_files.py", "elsewhere " + quoted(folder_ / "a.h5")), 0);
  const auto open = [&](const FeatureFileOptions& options) { return open_feature_file(folder_ / "a.h5", options); };
  expect_old_content(open({.features_name = "train/embeddings", .labels_name = "train/deep/y"}), "names");
  expect_old_content(open({.features_name = "/train/embeddings", .labels_name = "/train/deep/y"}), "paths");
  const FeatureTable unlabelled = open({.features_name = "unlabelled", .needs_labels = false});
  EXPECT_EQ(unlabelled.rows, 2);
  EXPECT_TRUE(unlabelled.labels.empty());
  const auto refused = [&](const std::string& part, const FeatureFileOptions& options) {
    expect_error(ErrorCode::kRefused, part, [&] { static_cast<void>(open(options)); });
  };
  refused("has no dataset 'features'; it has 'label_names', 'train', 'unlabelled'", {});
  refused("has no dataset 'labels'", {.features_name = "unlabelled"});
  refused("has 12 values in 'train/deep/y', expected 2",
          {.features_name = "unlabelled", .labels_name = "train/deep/y"});
  refused("'train/soft' refers to another place or file by a link", {.features_name = "train/soft"});
  for (const char* name : {"", "/", "train", "train/", "train/x", "unlabelled/x", "//unlabelled", "unlabelled/"}) {
    refused("has no dataset '" + std::string(name) + "'", {.features_name = name});
  }
}

TEST_F(FeatureFilePython, RefusesEveryHostileFile) {
  ASSERT_EQ(run_script("feature_files.py", "hostile " + quoted(folder_.path())), 0);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    ++files;
    try {
      const FeatureTable table = open_feature_file(entry.path());
      ADD_FAILURE() << "accepted: " << table.name;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(error.code(), ErrorCode::kRefused) << message;
      EXPECT_NE(message.find(entry.path().filename().string()), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      if (entry.path().filename() == "many-names.h5") {
        EXPECT_NE(message.find("has chunks of 30 MB, too much for a file that takes"), std::string::npos) << message;
      }
      std::printf("  %s\n", message.substr(message.rfind('/', message.find(".h5")) + 1).c_str());
    }
  }
  EXPECT_GE(files, 45);
}

TEST_F(FeatureFilePython, TheAdvisedCopyIsRead) {
  ASSERT_EQ(run_script("feature_files.py", "unusual " + quoted(folder_.path())), 0);
  for (const char* name : {"lzf", "scaleoffset", "growing", "growing-both"}) {
    const std::filesystem::path file = folder_ / (std::string(name) + ".h5");
    expect_error(ErrorCode::kRefused,
                 "; copy it with python3 -c \"import h5py; out = h5py.File('OUT.h5', 'w'); h5py.File(",
                 [&] { static_cast<void>(open_feature_file(file)); });
    ASSERT_EQ(run_script("feature_files.py", "copy " + quoted(file) + " " + quoted(folder_ / "copy.h5")), 0);
    if (std::string(name) != "scaleoffset") expect_old_content(open_feature_file(folder_ / "copy.h5"), name);
  }
}

TEST_F(FeatureFilePython, RefusesANumberThatDoesNotFitFloat32) {
  ASSERT_EQ(run_script("feature_files.py", "too_large " + quoted(folder_ / "a.h5")), 0);
  const FeatureTable table = open_feature_file(folder_ / "a.h5");
  std::vector<float> row(20);
  table.read_rows(0, 1, row.data());
  expect_error(ErrorCode::kRefused, "a.h5 holds the feature 1e+300, which does not fit float32",
               [&] { table.read_rows(1, 1, row.data()); });
  table.read_rows(2, 1, row.data());
  EXPECT_EQ(row[2], std::numeric_limits<float>::infinity()) << "whoever uses the rows refuses what is not finite";
}

TEST_F(FeatureFilePython, ShufflesAsThisPythonDoes) {
  for (const char* seed : {"0", "1", "42", "4294967296", "18446744073709551615"}) {
    for (const size_t n : {0U, 1U, 2U, 10U, 1000U}) {
      ASSERT_EQ(run_script("feature_files.py", std::string("shuffle ") + seed + " " + std::to_string(n) + " > " +
                                                   quoted(folder_ / "order")),
                0);
      std::vector<size_t> order(n);
      for (size_t i = 0; i < n; ++i) order[i] = i;
      python_shuffle(std::span(order), std::stoull(seed));
      std::istringstream expected(read_bytes(folder_ / "order"));
      for (const size_t value : order) {
        size_t found = n;
        expected >> found;
        ASSERT_EQ(value, found) << seed << " " << n;
      }
    }
  }
}

}  // namespace
}  // namespace vgg16
