// Several features files as one table.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/npy_files.h"
#include "support/temp_dir.h"
#include "vgg16/classifier.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

std::vector<float> rows_of(const FeatureTable& table) {
  std::vector<float> rows(static_cast<size_t>(table.rows * table.columns));
  table.read_rows(0, table.rows, rows.data());
  return rows;
}

std::vector<std::string> classes_of_rows(const FeatureTable& table) {
  std::vector<std::string> names;
  for (const int64_t label : table.labels) names.push_back(table.label_names[static_cast<size_t>(label)]);
  return names;
}

class FeatureTables : public testing::Test {
 protected:
  FeatureTable open(const std::vector<std::string>& names, const FeatureFileOptions& options = {}) const {
    std::vector<fs::path> paths;
    for (const std::string& name : names) paths.push_back(folder_ / name);
    return open_feature_files(paths, options);
  }
  void expect_refused(const std::string& part, const std::vector<std::string>& names) const {
    expect_error(ErrorCode::kRefused, part, [&] { static_cast<void>(open(names)); });
  }
  TempDir folder_;
};

// Rows of the first shard that were dropped, and a shard without any row, included.
TEST_F(FeatureTables, ShardsAreTheMergedFileInAnyOrder) {
  const FeatureFilePlan whole = test_plan(40, 6);
  std::vector<std::string> names;
  std::vector<fs::path> paths;
  for (int64_t i = 1; i <= 3; ++i) {
    names.push_back("part-" + std::to_string(i) + ".h5");
    paths.push_back(folder_ / names.back());
    const FeatureFilePlan plan = shard_plan(whole, {i, 3});
    FeatureFileWriter writer(paths.back(), plan, {});
    for (const int64_t row : writer.missing_rows()) {
      const int64_t number = plan.shard->row_numbers[static_cast<size_t>(row)];
      if (number == 0 || number == 15 || number == 16) {
        writer.drop(row, "cannot be decoded");
      } else {
        writer.write(row, test_row(number, 6));
      }
    }
    writer.finish();
  }
  merge_feature_files(paths, folder_ / "merged.h5", false);
  const FeatureTable merged = open({"merged.h5"});
  std::vector<std::string> model_bytes;
  do {
    SCOPED_TRACE(names[0] + names[1]);
    const FeatureTable table = open(names);
    EXPECT_EQ(table.rows, 37);
    EXPECT_EQ(table.labels, merged.labels);
    EXPECT_EQ(table.label_names, merged.label_names);
    EXPECT_EQ(table.paths, merged.paths);
    EXPECT_EQ(recipe_fields(table.recipe), recipe_fields(merged.recipe));
    EXPECT_EQ(rows_of(table), rows_of(merged));
    train(table, {.c = {0.001, 1}}).classifier.save(folder_ / "parts.model", {.overwrite = true});
    model_bytes.push_back(read_bytes(folder_ / "parts.model"));
  } while (std::next_permutation(names.begin(), names.end()));
  train(merged, {.c = {0.001, 1}}).classifier.save(folder_ / "merged.model", {});
  EXPECT_EQ(model_bytes, std::vector<std::string>(6, read_bytes(folder_ / "merged.model")));
  expect_refused("shard 2 of 3 is missing; add its file to the command", {"part-1.h5", "part-3.h5"});
  expect_refused("are the same shard, 1/3", {"part-1.h5", "part-1.h5", "part-2.h5", "part-3.h5"});
}

TEST_F(FeatureTables, OtherFilesAreOneAfterAnother) {
  FeatureFilePlan first = test_plan(10, 7);
  FeatureFilePlan second = test_plan(5, 7);
  second.label_names = {"birds", "cats", "wolves"};
  second.recipe.backend = "cuda";
  write_test_file_of(folder_ / "a.h5", first);
  write_test_file_of(folder_ / "b.h5", second);
  const FeatureTable a = open({"a.h5"});
  const FeatureTable b = open({"b.h5"});
  for (const bool swapped : {false, true}) {
    const FeatureTable table = swapped ? open({"b.h5", "a.h5", "b.h5"}) : open({"a.h5", "b.h5"});
    EXPECT_EQ(table.label_names, (std::vector<std::string>{"birds", "cats", "dogs", "p\xC3\xA2nd\xC3\xA2", "wolves"}));
    std::vector<float> rows;
    std::vector<std::string> classes;
    std::vector<std::string> paths;
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    const std::vector<const FeatureTable*> parts =
        swapped ? std::vector<const FeatureTable*>{&b, &a, &b} : std::vector<const FeatureTable*>{&a, &b};
    for (const FeatureTable* part : parts) {
      append(rows, rows_of(*part));
      append(classes, classes_of_rows(*part));
      append(paths, part->paths);
    }
    EXPECT_EQ(rows_of(table), rows);
    EXPECT_EQ(classes_of_rows(table), classes);
    EXPECT_EQ(table.paths, paths);
    EXPECT_EQ(table.recipe.weights_sha256, first.recipe.weights_sha256);
    EXPECT_EQ(table.recipe.backend, "") << "rows of two backends";
    for (int64_t from = 0; from < table.rows; ++from) {  // every run of rows, across the borders of files
      for (int64_t count = 0; count <= table.rows - from; ++count) {
        std::vector<float> run(static_cast<size_t>(count * 7));
        table.read_rows(from, count, run.data());
        ASSERT_TRUE(std::equal(run.begin(), run.end(), rows.begin() + from * 7)) << from << " " << count;
      }
    }
    expect_error(ErrorCode::kShape, "do not exist", [&] { table.read_rows(1, table.rows, nullptr); });
  }
  EXPECT_EQ(open({"a.h5", "a.h5"}).label_names, first.label_names);
  EXPECT_NE(open({"a.h5", "b.h5", "a.h5"}).name.find("a.h5 and 2 more"), std::string::npos);
}

TEST_F(FeatureTables, FilesOfDifferentRecipesAreRefused) {
  write_test_file_of(folder_ / "a.h5", test_plan(4, 7));
  const auto refused = [&](const std::string& part, const auto& change) {
    FeatureFilePlan plan = test_plan(4, 7);
    change(plan);
    write_test_file_of(folder_ / "b.h5", plan, {.overwrite = true});
    expect_refused(part, {"a.h5", "b.h5"});
  };
  refused("cannot be used together: layers differ (block4_pool and block5_pool)",
          [](FeatureFilePlan& plan) { plan.recipe.layer = "block4_pool"; });
  refused("pools differ (avg and none)", [](FeatureFilePlan& plan) { plan.recipe.pool = "avg"; });
  refused("preprocessing differs", [](FeatureFilePlan& plan) { plan.recipe.preprocessing = "other"; });
  refused("weights differ (not recorded and aaa", [](FeatureFilePlan& plan) { plan.recipe.weights_sha256 = ""; });
  refused("numbers of columns differ (8 and 7)", [](FeatureFilePlan& plan) { plan.columns = 8; });
  write_test_file(folder_ / "x.npy", npy_floats(std::vector<float>(14), 7));
  expect_refused("x.npy is a NumPy array, which holds no labels; name their file with --labels", {"a.h5", "x.npy"});
  expect_error(ErrorCode::kInvalidArgument, "no features file was named", [&] { static_cast<void>(open({})); });
}

TEST_F(FeatureTables, LabelsOfSeveralFilesAreOneColumn) {
  write_test_file(folder_ / "x.npy", npy_floats({1, 2, 3, 4}, 2));
  write_test_file(folder_ / "z.npy", npy_floats({5, 6}, 2));
  write_test_file(folder_ / "y-1.txt", "9\n");
  write_test_file(folder_ / "y-2.txt", "10\n9\n");
  write_test_file(folder_ / "text.txt", "cats\n");
  FeatureFileOptions options;
  options.label_files = {folder_ / "y-1.txt", folder_ / "y-2.txt"};
  const FeatureTable table = open({"x.npy", "z.npy"}, options);
  EXPECT_EQ(rows_of(table), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(table.label_names, (std::vector<std::string>{"9", "10"}));
  EXPECT_EQ(classes_of_rows(table), (std::vector<std::string>{"9", "10", "9"}));
  options.label_files[0] = folder_ / "text.txt";
  expect_error(ErrorCode::kRefused, "hold labels of different kinds", [&] {
    static_cast<void>(open({"x.npy", "z.npy"}, options));
  });
  // Instead of the labels in a file of this program, whose rows are still compared with their checksums.
  write_test_file_of(folder_ / "a.h5", test_plan(3, 2));
  options.label_files = {folder_ / "y-1.txt", folder_ / "y-2.txt"};
  const FeatureTable own = open({"a.h5"}, options);
  EXPECT_EQ(classes_of_rows(own), (std::vector<std::string>{"9", "10", "9"}));
  EXPECT_EQ(rows_of(own), rows_of(open({"a.h5"})));
}

TEST_F(FeatureTables, OneFileMayBeReadByManyThreads) {
  write_test_file_of(folder_ / "a.h5", test_plan(50, 9));
  const FeatureTable table = open({"a.h5", "a.h5", "a.h5"});
  const std::vector<float> rows = rows_of(table);
  std::vector<int> wrong(4, -1);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      int different = 0;
      std::vector<float> run(60 * 9);
      for (int64_t first = 0; first + 60 <= 150; ++first) {
        table.read_rows(first, 60, run.data());
        different += std::equal(run.begin(), run.end(), rows.begin() + first * 9) ? 0 : 1;
      }
      wrong[t] = different;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace vgg16
