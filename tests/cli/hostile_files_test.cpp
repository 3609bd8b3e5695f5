// Hostile files: text from them is printed escaped, and small files do not make the program allocate much memory.
#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_test.h"
#include "old_features.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

// An escape sequence, the C1 control character that begins one, DEL, and invisible characters that change how others
// are displayed: U+202E, U+2028, U+200B, U+FEFF, U+E0041.
const std::vector<std::string> kRaw = {"\x1B",         "\xC2\x9B",     "\x7F",         "\xE2\x80\xAE",
                                       "\xE2\x80\xA8", "\xE2\x80\x8B", "\xEF\xBB\xBF", "\xF3\xA0\x81\x81"};

std::string hostile(const std::string& name) {
  std::string text = name;
  for (const std::string& raw : kRaw) text += raw;
  return text + "[31m";
}

class HostileText : public CliTest {
 protected:
  // Runs with and without --json; U+202E must be among what is printed, escaped.
  void expect_escaped(int status, Words words, const RunOptions& options = {}) const {
    for (const bool json : {false, true}) {
      if (json) words.emplace_back("--json");
      const Outcome outcome = run(words, options);
      const std::string all = outcome.out + outcome.err;
      SCOPED_TRACE(printable(testing::PrintToString(words)) + "\n" + printable(all));
      EXPECT_EQ(outcome.status, status);
      for (const std::string& raw : kRaw) EXPECT_EQ(all.find(raw), std::string::npos) << printable(raw);
      EXPECT_TRUE(all.find("\\xe2\\x80\\xae") != std::string::npos || all.find("\\u202e") != std::string::npos);
    }
  }
};

TEST_F(HostileText, NamesOfFilesAndWordsOfTheCommandLine) {
  const std::string pets = hostile("pets");
  make_pictures(pets, {hostile("cats"), "dogs"}, 4);
  write_test_file(path(pets) / "dogs" / hostile("x.jpg").append(".jpg"), "no picture");
  const std::string features = hostile("f.h5");
  const std::string model = hostile("m");
  expect_escaped(0, quick_extract(pets, features, {"--max-skipped", "1", "--overwrite", "-v"}));
  expect_escaped(0, quick_extract(pets, features, {"--max-skipped", "1", "--resume"}));
  expect_escaped(3, quick_extract(pets, features, {"--overwrite"}));
  expect_escaped(0, {"info", features});
  expect_escaped(0, {"train", "-d", features, "-m", model, "--folds", "2", "--overwrite", "-v"});
  expect_escaped(0, {"info", model});
  expect_escaped(3, {"predict", "-m", model, pets});
  expect_escaped(1, {"predict", "-m", hostile("none"), pets});
  expect_escaped(3, {"predict", "-m", model, "-"}, {.input = hostile("none") + "\n" + pets + "/dogs/none.jpg\n"});
  expect_escaped(1, {"train", "-d", features, "-m", model, "--folds", "2"});
  expect_escaped(1, {"merge", "-o", "a.h5", hostile("none")});
  expect_escaped(1, {"convert", hostile("none"), "a"});
  for (const char* option :
       {"--layer", "--pool", "--device", "--precision", "--batch-size", "--shard", "--max-skipped"}) {
    expect_escaped(2, quick_extract(pets, "a.h5", {option, hostile("1")}));
  }
  expect_escaped(2, {"train", "-d", features, "-m", "a", "--c", hostile("1")});
  expect_escaped(2, {hostile("extract")});
  expect_escaped(2, {"train", hostile("--folds")});
}

TEST_F(HostileText, WhatFeaturesFilesSay) {
  FeatureFilePlan plan;
  plan.columns = 3;
  plan.label_names = {hostile("cats"), hostile("dogs")};
  for (int64_t row = 0; row < 8; ++row) {
    plan.pictures.push_back({.path = hostile(std::to_string(row)), .label = row % 2});
  }
  plan.skipped = {{hostile("x.jpg"), hostile("reason\n")}};
  const std::string text = hostile("recipe");
  plan.recipe = {text, text, text, text, text, text, text, text};
  FeatureFileWriter writer(path("f.h5"), plan, {});
  for (int64_t row = 0; row < 8; ++row) {
    const float at = static_cast<float>(row);
    writer.write(row, std::vector<float>{at, 1, at * at});
  }
  writer.finish();
  expect_escaped(0, {"info", "f.h5"});
  expect_escaped(0, {"train", "-d", "f.h5", "-m", "m", "--folds", "2", "--overwrite", "-v"});
  expect_escaped(0, {"info", "m"});
  make_pictures("pets", {"cats"}, 1);
  expect_escaped(4, {"predict", "-m", "m", "pets"});
  std::string damaged = bytes("f.h5");
  damaged[damaged.size() - 1] = static_cast<char>(damaged.back() ^ 1);
  write_test_file(path("damaged.h5"), damaged);
  write_old_features(path("twice.h5"), std::vector<double>(8, 1), {0, 1, 0, 1}, {hostile("a"), hostile("a")});
  expect_escaped(4, {"info", "twice.h5"});
  write_old_features(path("one.h5"), std::vector<double>(8, 1), {0, 0, 0, 0}, {hostile("a"), "b"});
  expect_escaped(4, {"train", "-d", "one.h5", "-m", "a"});
}

TEST_F(HostileText, ReasonsInShards) {
  FeatureFilePlan whole;
  whole.columns = 1;
  whole.label_names = {"cats"};
  whole.pictures = {{.path = "1"}, {.path = "2"}};
  const std::string text = hostile("recipe");
  whole.recipe = {text, text, text, text, text, text, text, text};
  FeatureFileWriter writer(path("part.h5"), shard_plan(whole, {1, 1}), {});
  writer.write(0, std::vector<float>{1});
  writer.drop(1, hostile("reason\n"));
  writer.finish();
  expect_escaped(0, {"merge", "-o", "whole.h5", "part.h5", "--overwrite"});
}

TEST_F(HostileText, WhatModelsAndWeightsSay) {
  make_pictures("pets", {"cats"}, 1);
  const std::string text = hostile("x");
  Classifier model;
  model.classes = {text, "dogs"};
  model.columns = 64;
  model.coef.assign(64, 0.5);
  model.intercept = {1};
  model.c = 1;
  model.metadata[text] = text;
  const auto saved_with = [&](std::string Recipe::*field) {
    model.recipe = {};
    model.recipe.layer = "block1_pool";
    model.recipe.pool = "avg";
    model.recipe.*field = text;
    model.save(path("m"), {.overwrite = true});
  };
  for (const auto field : {&Recipe::layer, &Recipe::pool, &Recipe::preprocessing, &Recipe::weights_sha256}) {
    saved_with(field);
    expect_escaped(4, {"predict", "-m", "m", "pets"});
    expect_escaped(0, {"info", "m"});
  }
  saved_with(&Recipe::backend);
  expect_escaped(0, {"predict", "-m", "m", "pets"});
  std::string header = R"({"?":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})";
  header.replace(header.find('?'), 1, "\xE2\x80\xAE\xE2\x80\xA8");
  const uint64_t length = header.size();
  write_test_file(path("w"), std::string(reinterpret_cast<const char*>(&length), 8) + header + " ");
  expect_escaped(4, {"info", "w"});
  expect_escaped(4, {"convert", "w", "v"});
  expect_escaped(4, quick_extract("pets", "a.h5", {"--weights", "w"}));
}

// Small files that declare large contents.
class HostileSizes : public CliTest {
 protected:
  struct Shape {
    const char* name;
    hid_t type;
    std::vector<hsize_t> dims;
    std::vector<hsize_t> chunk = {};  // packed by deflate; empty: one hole
  };

  // Besides, two label_names, unless these are among `sets`.
  void write(const std::string& name, const std::vector<Shape>& sets) const {
    if (fs::exists(path(name))) fs::remove(path(name));
    write_old_features(path(name), {1, 2}, {0, 1}, {"a", "b"});
    const hid_t file = H5Fopen(path(name).c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    for (const Shape& set : sets) {
      if (H5Lexists(file, set.name, H5P_DEFAULT) > 0) H5Ldelete(file, set.name, H5P_DEFAULT);
      const hid_t space = H5Screate_simple(static_cast<int>(set.dims.size()), set.dims.data(), nullptr);
      const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
      if (set.chunk.empty()) {
        H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
      } else {
        H5Pset_chunk(how, static_cast<int>(set.chunk.size()), set.chunk.data());
        H5Pset_deflate(how, 9);
      }
      const hid_t made = H5Dcreate2(file, set.name, set.type, space, H5P_DEFAULT, how, H5P_DEFAULT);
      EXPECT_GE(made, 0);
      H5Dclose(made);
      H5Pclose(how);
      H5Sclose(space);
    }
    H5Fclose(file);
  }

  void expect_little_memory(int status, const std::string& name, const Words& words) const {
    const Outcome outcome = run(words);
    struct stat found {};
    ASSERT_EQ(::stat(path(name).c_str(), &found), 0);
    SCOPED_TRACE(testing::PrintToString(words) + ": " + outcome.out.substr(0, 200) + outcome.err);
    EXPECT_EQ(outcome.status, status);
    if (VGG16_TEST_SANITIZED) return;  // which take memory of their own
    EXPECT_LE(outcome.peak_memory_bytes, 100'000'000 + 4 * 512 * int64_t{found.st_blocks});
  }

  void expect_refused_features() const {
    expect_little_memory(4, "f.h5", {"info", "f.h5"});
    expect_little_memory(4, "f.h5", {"train", "-d", "f.h5", "-m", "a.model"});
    expect_little_memory(4, "f.h5", {"merge", "-o", "a.h5", "f.h5"});
  }
};

TEST_F(HostileSizes, FeaturesFilesOfHoles) {
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, H5T_VARIABLE);
  const hid_t wide_text = H5Tcopy(H5T_C_S1);
  H5Tset_size(wide_text, 8000);
  const hid_t real = H5T_IEEE_F32LE;
  const std::vector<std::vector<Shape>> files = {
      {{"features", real, {10'000'000, 1}}, {"labels", H5T_STD_I8LE, {10'000'000}}},
      {{"features", real, {100'000'000, 1}}, {"labels", H5T_STD_I64BE, {100'000'000}}},
      {{"features", real, {1'000'000, 1}}, {"labels", H5T_STD_U16LE, {1'000'000}}},
      {{"features", real, {2, 100'000'000}}},
      {{"label_names", text, {4'000'000}, {100'000}}},
      {{"label_names", wide_text, {100'000}}},
  };
  for (const auto& sets : files) {
    SCOPED_TRACE(testing::PrintToString(&sets - files.data()));
    write("f.h5", sets);
    expect_refused_features();
  }
}

TEST_F(HostileSizes, FeaturesFilesThatUnpackToMuch) {
  // 20,000,000 labels and rows are 20 kB packed; chunks of 64 MB, one of them; each in one piece and in many.
  write("f.h5", {{"features", H5T_IEEE_F32LE, {2'000'000, 8}, {2'000'000, 8}},
                 {"labels", H5T_STD_I64LE, {2'000'000}, {2'000'000}}});
  expect_refused_features();
  write("f.h5", {{"features", H5T_IEEE_F32LE, {4'000'000, 4}, {500'000, 4}},
                 {"labels", H5T_STD_I64LE, {4'000'000}, {100'000}}});
  expect_refused_features();
}

TEST_F(HostileSizes, ModelsAndWeightsOfHoles) {
  const auto write_holes = [&](const std::string& header, int64_t size) {
    const uint64_t length = header.size();
    write_test_file(path("m"), std::string(reinterpret_cast<const char*>(&length), 8) + header);
    ASSERT_EQ(::truncate(path("m").c_str(), static_cast<off_t>(8 + header.size()) + size), 0);
  };
  for (const char* tensor : {"coef", "block1_conv1/kernel"}) {
    write_holes("{\"" + std::string(tensor) + R"(":{"dtype":"F64","shape":[100000000],"data_offsets":[0,800000000]}})",
                800'000'000);
    expect_little_memory(4, "m", {"info", "m"});
    expect_little_memory(4, "m", {"predict", "-m", "m", "x.jpg"});
    expect_little_memory(4, "m", {"convert", "m", "w"});
  }
}

TEST_F(HostileSizes, KerasWeightsOfHoles) {
  const hid_t file = H5Fcreate(path("w.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
  hsize_t inputs = 3;
  for (int block = 1; block <= 5; ++block) {
    const hsize_t outputs = std::min<hsize_t>(hsize_t{32} << block, 512);
    for (int conv = 1; conv <= (block < 3 ? 2 : 3); ++conv) {
      const std::string name = "block" + std::to_string(block) + "_conv" + std::to_string(conv);
      const hid_t group = H5Gcreate2(file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      const auto add = [&](const char* set, const std::vector<hsize_t>& dims) {
        const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
        const hid_t made = H5Dcreate2(group, set, H5T_IEEE_F32LE, space, H5P_DEFAULT, how, H5P_DEFAULT);
        EXPECT_GE(made, 0);
        H5Dclose(made);
        H5Sclose(space);
      };
      add("kernel", {3, 3, inputs, outputs});
      add("bias", {outputs});
      H5Gclose(group);
      inputs = outputs;
    }
  }
  H5Pclose(how);
  H5Fclose(file);
  expect_little_memory(4, "w.h5", {"info", "w.h5"});
  expect_little_memory(4, "w.h5", {"convert", "w.h5", "w"});
}

}  // namespace
}  // namespace vgg16
