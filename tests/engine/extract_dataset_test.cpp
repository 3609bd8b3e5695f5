#include "vgg16/extract_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/pictures.h"
#include "support/synthetic_weights.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

// Its chunks are sound, what is compressed in them is not: found only when it is decoded.
FileBytes undecodable_picture() {
  return png_of(
      {png_header({.width = 8, .height = 8}), png_chunk("IDAT", file_bytes("not deflated")), png_chunk("IEND", {})});
}

// Two classes of three pictures in pets/, all of them different, and 64 numbers for each.
class ExtractDataset : public testing::Test {
 protected:
  ExtractDataset() {
    uint8_t grey = 0;
    for (const char* name : {"cats/0", "cats/1", "cats/2", "dogs/0", "dogs/1", "dogs/2"}) {
      const fs::path path = pets_ / (std::string(name) + ".png");
      fs::create_directories(path.parent_path());
      grey += 40;
      write_test_file(path, small_png({}, {std::byte{0}, std::byte{grey}}));
    }
  }

  static ExtractDatasetOptions quick(FeatureWriteOptions file = {}) {
    return {.network = {.layer = "block1_pool", .pool = Pool::kAvg, .device = "cpu", .threads = 1, .batch_size = 1},
            .file = file};
  }
  ExtractDatasetResult extract(const fs::path& output, const ExtractDatasetOptions& options,
                               const ExtractDatasetCallbacks& callbacks = {}) const {
    return extract_dataset(weights(), pets_, output, options, callbacks);
  }
  // Stops after the first row.
  ExtractDatasetResult stopped(const fs::path& output, const ExtractDatasetOptions& options) const {
    std::atomic<bool> stop = false;
    int calls = 0;
    ExtractDatasetCallbacks callbacks;
    callbacks.progress = [&](int64_t, int64_t) { stop = ++calls >= 2; };
    callbacks.stop = &stop;
    return extract(output, options, callbacks);
  }

  TempDir folder_;
  fs::path pets_ = folder_ / "pets";
};

TEST_F(ExtractDataset, WritesTheRowsOfAnExtractor) {
  write_test_file(pets_ / "cats/x.jpg", "no picture");
  ExtractDatasetOptions options = quick();
  options.seed = std::nullopt;
  const ExtractDatasetResult result = extract(folder_ / "a.h5", options);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.found_pictures, 7);
  EXPECT_EQ(result.planned_rows, 6);
  EXPECT_EQ(result.computed_rows, 6);
  ASSERT_EQ(result.skipped.size(), 1U);
  EXPECT_EQ(result.skipped[0].path, "cats/x.jpg");
  EXPECT_THAT(result.table.paths,
              ElementsAre("cats/0.png", "cats/1.png", "cats/2.png", "dogs/0.png", "dogs/1.png", "dogs/2.png"));
  EXPECT_THAT(result.table.label_names, ElementsAre("cats", "dogs"));
  EXPECT_THAT(result.table.labels, ElementsAre(0, 0, 0, 1, 1, 1));
  const Recipe& recipe = result.table.recipe;
  EXPECT_EQ(recipe.layer + " " + recipe.pool + " " + recipe.backend + " " + recipe.precision,
            "block1_pool avg cpu f32");
  EXPECT_EQ(recipe.weights_sha256, weights()->sha256());

  std::vector<fs::path> paths;
  for (const std::string& path : result.table.paths) paths.push_back(pets_ / path);
  ExtractCallbacks rows;
  rows.row = [&](int64_t index, std::span<const float> row) {
    std::vector<float> stored(row.size());
    result.table.read_rows(index, 1, stored.data());
    EXPECT_THAT(stored, testing::ElementsAreArray(row));
  };
  Extractor(weights(), options.network).extract_files(paths, rows);
}

TEST_F(ExtractDataset, TellsWhatItDoesInOrder) {
  fs::create_directory(pets_ / "owls");
  write_test_file(pets_ / "owls/only.png", undecodable_picture());
  ExtractDatasetOptions options = quick();
  options.seed = std::nullopt;
  std::vector<std::string> events;
  ExtractDatasetCallbacks callbacks;
  callbacks.listed = [&](const Dataset& dataset) {
    events.push_back("listed " + std::to_string(dataset.pictures.size()));
  };
  callbacks.planned = [&](const FeatureFilePlan& plan) {
    events.push_back("planned " + std::to_string(plan.pictures.size()));
    EXPECT_EQ(plan.columns, 64);
    EXPECT_EQ(plan.seed, -1);
    EXPECT_FALSE(fs::exists(folder_ / "a.h5.partial"));
  };
  callbacks.computing = [&](const std::function<void()>&) {
    events.emplace_back("computing");
    EXPECT_TRUE(fs::exists(folder_ / "a.h5.partial"));
  };
  callbacks.progress = [&](int64_t, int64_t total) { events.push_back("of " + std::to_string(total)); };
  callbacks.computed = [&] {
    events.emplace_back("computed");
    EXPECT_FALSE(fs::exists(folder_ / "a.h5"));
  };
  const ExtractDatasetResult result = extract(folder_ / "a.h5", options, callbacks);
  EXPECT_THAT(events, ElementsAre("listed 7", "planned 7", "computing", "of 7", "of 7", "of 7", "of 7", "of 7", "of 7",
                                  "of 7", "of 6", "computed"));
  // A picture that could not be decoded is no row, and a class without rows is none.
  EXPECT_EQ(result.table.rows, 6);
  EXPECT_THAT(result.table.label_names, ElementsAre("cats", "dogs"));
  ASSERT_EQ(result.skipped.size(), 1U);
  EXPECT_EQ(result.skipped[0].path, "owls/only.png");
}

TEST_F(ExtractDataset, GoesOnWhereItWasStopped) {
  ASSERT_TRUE(extract(folder_ / "whole.h5", quick()).finished);
  const ExtractDatasetResult first = stopped(folder_ / "a.h5", quick());
  EXPECT_FALSE(first.finished);
  EXPECT_EQ(first.planned_rows, 6);
  EXPECT_EQ(first.computed_rows, 1);
  EXPECT_EQ(first.committed_rows, 1);
  EXPECT_FALSE(fs::exists(folder_ / "a.h5"));
  expect_error(ErrorCode::kExists, "a.h5.partial is left from an interrupted run",
               [&] { extract(folder_ / "a.h5", quick()); });
  const ExtractDatasetResult second = extract(folder_ / "a.h5", quick({.resume = true}));
  EXPECT_TRUE(second.finished);
  EXPECT_EQ(second.computed_rows, 5);
  EXPECT_EQ(read_bytes(folder_ / "a.h5"), read_bytes(folder_ / "whole.h5"));
  const ExtractDatasetResult third = extract(folder_ / "a.h5", quick({.resume = true}));
  EXPECT_TRUE(third.finished);
  EXPECT_EQ(third.computed_rows, 0);
  EXPECT_EQ(third.table.rows, 6);
}

TEST_F(ExtractDataset, CommitsWhenAsked) {
  std::function<void()> commit;
  std::vector<int64_t> committed;
  ExtractDatasetCallbacks callbacks;
  callbacks.computing = [&](const std::function<void()>& when_asked) { commit = when_asked; };
  callbacks.progress = [&](int64_t rows, int64_t) {
    commit();
    committed.push_back(rows);
  };
  extract(folder_ / "a.h5", quick({.rows_per_commit = 1000}), callbacks);
  // After a row is told what was committed before it.
  ASSERT_EQ(committed.size(), 7U);
  EXPECT_EQ(committed[0], 0);
  for (int64_t row = 1; row < 6; ++row) EXPECT_GE(committed[static_cast<size_t>(row) + 1], row);
  commit();  // nothing is left to be committed
}

class DamagedRows : public ExtractDataset {
 protected:
  // Leaves an unfinished file of which these rows are damaged, and resumes it; returns the warnings.
  std::vector<std::string> resume(const std::vector<int64_t>& rows) {
    const ExtractDatasetResult whole = extract(folder_ / "a.h5", quick());
    const std::string expected = read_bytes(folder_ / "a.h5");
    std::vector<float> row(64);
    std::string damaged = expected;
    for (const int64_t number : rows) {
      whole.table.read_rows(number, 1, row.data());
      const std::string bytes(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
      const size_t at = damaged.find(bytes);
      EXPECT_NE(at, std::string::npos);
      damaged.at(at + 5) = static_cast<char>(damaged.at(at + 5) ^ 1);
    }
    fs::remove(folder_ / "a.h5");
    write_test_file(folder_ / "a.h5.partial", damaged);
    std::vector<std::string> warnings;
    ExtractDatasetCallbacks callbacks;
    callbacks.warning = [&](const std::string& line) { warnings.push_back(line); };
    const auto resumed = extract(folder_ / "a.h5", quick({.resume = true}), callbacks);
    EXPECT_EQ(resumed.computed_rows, std::ssize(rows));
    EXPECT_EQ(read_bytes(folder_ / "a.h5"), expected);
    return warnings;
  }
};

TEST_F(DamagedRows, OneIsNamed) {
  EXPECT_THAT(resume({3}), ElementsAre("row 3 was damaged on disk; it is computed again"));
}

TEST_F(DamagedRows, ManyAreOneLine) {
  EXPECT_THAT(resume({1, 4}), ElementsAre("2 rows were damaged on disk and are computed again; the first is row 1"));
}

TEST_F(ExtractDataset, BringsAFileUpToDate) {
  ExtractDatasetOptions update = quick();
  update.update = true;
  EXPECT_EQ(extract(folder_ / "a.h5", update).computed_rows, 6) << "there is none yet";
  const ExtractDatasetResult same = extract(folder_ / "a.h5", update);
  EXPECT_EQ(same.computed_rows + same.reused_rows, 0);
  write_test_file(pets_ / "cats/3.png", small_png({}, {std::byte{0}, std::byte{7}}));
  fs::remove(pets_ / "dogs/0.png");
  update.seed = 5;
  ExtractDatasetOptions fresh = quick();
  fresh.seed = 5;
  extract(folder_ / "fresh.h5", fresh);
  // Interrupted, and so with an older file and an unfinished one.
  ASSERT_FALSE(stopped(folder_ / "a.h5", update).finished);
  ASSERT_TRUE(fs::exists(folder_ / "a.h5.partial"));
  const ExtractDatasetResult changed = extract(folder_ / "a.h5", update);
  EXPECT_TRUE(changed.finished);
  EXPECT_LE(changed.computed_rows, 1);
  EXPECT_EQ(read_bytes(folder_ / "a.h5"), read_bytes(folder_ / "fresh.h5"));
  EXPECT_FALSE(fs::exists(folder_ / "a.h5.partial"));
}

TEST_F(ExtractDataset, CopiesFromAnUnfinishedFileOfOtherPictures) {
  ExtractDatasetOptions update = quick();
  update.update = true;
  ASSERT_FALSE(stopped(folder_ / "a.h5", update).finished);
  write_test_file(pets_ / "cats/3.png", small_png({}, {std::byte{0}, std::byte{7}}));
  const ExtractDatasetResult changed = extract(folder_ / "a.h5", update);
  EXPECT_EQ(changed.reused_rows, 1);
  EXPECT_EQ(changed.computed_rows, 6);
  EXPECT_FALSE(fs::exists(folder_ / "a.h5.partial"));
}

TEST_F(ExtractDataset, ReplacesAFileOfAnotherRecipeOnlyIfItMay) {
  extract(folder_ / "a.h5", quick());
  ExtractDatasetOptions update = quick();
  update.update = true;
  update.network.pool = Pool::kMax;
  expect_error(ErrorCode::kRefused,
               "a.h5 has rows that cannot be reused: pools differ ('avg' there, 'max' now); extract as before, or add "
               "--overwrite to replace the file",
               [&] { extract(folder_ / "a.h5", update); });
  update.file.overwrite = true;
  EXPECT_EQ(extract(folder_ / "a.h5", update).computed_rows, 6);
  // What is no features file at all, and an unfinished one of another recipe.
  ASSERT_FALSE(stopped(folder_ / "b.h5", quick()).finished);
  write_test_file(folder_ / "c.h5", "text");
  for (const char* name : {"b.h5", "c.h5"}) {
    update.file.overwrite = false;
    EXPECT_THROW(extract(folder_ / name, update), Error) << name;
    update.file.overwrite = true;
    EXPECT_EQ(extract(folder_ / name, update).computed_rows, 6) << name;
  }
}

TEST_F(ExtractDataset, WarnsOfAnUnusualFolderBeforeTheWork) {
  fs::copy_file(pets_ / "cats/0.png", pets_ / "dogs/3.png");
  std::vector<std::string> events;
  ExtractDatasetCallbacks callbacks;
  callbacks.warning = [&](const std::string& line) { events.push_back(line); };
  callbacks.computing = [&](const std::function<void()>&) { events.emplace_back("computing"); };
  ExtractDatasetOptions options = quick();
  options.shard = Shard{.index = 1, .count = 7};  // the warning is about the folder, not the shard
  EXPECT_EQ(extract(folder_ / "a.h5", options, callbacks).table.rows, 1);
  EXPECT_THAT(events, ElementsAre(testing::StartsWith(printable_path(pets_) +
                                                      ": 1 picture is in more than one class; the first, cats/0.png"),
                                  "computing"));
}

TEST_F(ExtractDataset, ShardsMergeIntoTheFileOfASingleRun) {
  extract(folder_ / "whole.h5", quick());
  ExtractDatasetOptions options = quick();
  const std::vector<fs::path> parts = {folder_ / "1.h5", folder_ / "2.h5"};
  for (const int64_t index : {1, 2}) {
    options.shard = Shard{.index = index, .count = 2};
    const ExtractDatasetResult result = extract(parts[static_cast<size_t>(index) - 1], options);
    EXPECT_EQ(result.found_pictures, 6);
    EXPECT_EQ(result.planned_rows, 3);
    EXPECT_EQ(result.table.rows, 3);
  }
  merge_feature_files(parts, folder_ / "merged.h5", false);
  EXPECT_EQ(read_bytes(folder_ / "merged.h5"), read_bytes(folder_ / "whole.h5"));
}

// A picture more and one less, one renamed, one in another class, one that is there twice, one of other bytes.
TEST_F(ExtractDataset, ReusesTheRowsOfUnchangedPictures) {
  extract(folder_ / "old.h5", quick());
  write_test_file(pets_ / "cats/3.png", small_png({}, {std::byte{0}, std::byte{7}}));
  fs::remove(pets_ / "cats/0.png");
  fs::rename(pets_ / "cats/1.png", pets_ / "cats/renamed.png");
  fs::create_directory(pets_ / "owls");
  fs::rename(pets_ / "dogs/0.png", pets_ / "owls/0.png");
  fs::copy_file(pets_ / "dogs/1.png", pets_ / "dogs/again.png");
  write_test_file(pets_ / "dogs/2.png", small_png({}, {std::byte{0}, std::byte{9}}));
  EXPECT_EQ(extract(folder_ / "fresh.h5", quick()).computed_rows, 7);
  for (const auto& [type, name] : {std::pair(FeatureType::kF32, "a.h5"), {FeatureType::kF16, "b.h5"}}) {
    ExtractDatasetOptions options = quick();
    options.reuse = folder_ / "old.h5";
    options.type = type;
    const ExtractDatasetResult result = extract(folder_ / name, options);
    EXPECT_EQ(result.reused_rows, 5);
    EXPECT_EQ(result.computed_rows, 2);
    EXPECT_EQ(result.table.rows, 7);
    options.reuse.clear();
    extract(folder_ / "fresh.h5", {.network = options.network, .type = type, .file = {.overwrite = true}});
    EXPECT_EQ(read_bytes(folder_ / name), read_bytes(folder_ / "fresh.h5"));
  }
}

TEST_F(ExtractDataset, ReusesTheFileThatItReplaces) {
  extract(folder_ / "a.h5", quick());
  write_test_file(pets_ / "cats/3.png", small_png({}, {std::byte{0}, std::byte{7}}));
  extract(folder_ / "fresh.h5", quick());
  ExtractDatasetOptions options = quick({.overwrite = true});
  options.reuse = folder_ / "a.h5";
  const ExtractDatasetResult result = extract(folder_ / "a.h5", options);
  EXPECT_EQ(result.reused_rows, 6);
  EXPECT_EQ(result.computed_rows, 1);
  EXPECT_EQ(read_bytes(folder_ / "a.h5"), read_bytes(folder_ / "fresh.h5"));

  // A picture that could not be decoded is tried again.
  write_test_file(pets_ / "cats/4.png", undecodable_picture());
  EXPECT_EQ(extract(folder_ / "a.h5", options).skipped.size(), 1U);
  const ExtractDatasetResult again = extract(folder_ / "a.h5", options);
  EXPECT_EQ(again.reused_rows, 7);
  ASSERT_EQ(again.skipped.size(), 1U);
  EXPECT_EQ(again.skipped[0].path, "cats/4.png");

  options.reuse = folder_ / "b.h5.partial";
  stopped(folder_ / "b.h5", quick());
  expect_error(ErrorCode::kInvalidArgument, "b.h5.partial is both input and output",
               [&] { extract(folder_ / "b.h5", options); });
}

TEST_F(ExtractDataset, ReusesWhenResumedAndInShards) {
  const std::vector<fs::path> parts = {folder_ / "1.h5", folder_ / "2.h5"};
  ExtractDatasetOptions options = quick();
  options.shard = Shard{.index = 1, .count = 2};
  extract(folder_ / "old.h5", options);  // 3 of the 6
  extract(folder_ / "fresh.h5", quick());
  options = quick({.resume = true});
  options.reuse = folder_ / "old.h5";
  const ExtractDatasetResult first = stopped(folder_ / "a.h5", options);
  EXPECT_FALSE(first.finished);
  EXPECT_EQ(first.reused_rows, 3);
  EXPECT_EQ(first.computed_rows, 1);
  EXPECT_EQ(first.committed_rows, 4);
  const ExtractDatasetResult second = extract(folder_ / "a.h5", options);
  EXPECT_EQ(second.reused_rows, 0);
  EXPECT_EQ(second.computed_rows, 2);
  EXPECT_EQ(read_bytes(folder_ / "a.h5"), read_bytes(folder_ / "fresh.h5"));

  options.reuse = folder_ / "a.h5";
  for (const int64_t index : {1, 2}) {
    options.shard = Shard{.index = index, .count = 2};
    EXPECT_EQ(extract(parts[static_cast<size_t>(index) - 1], options).reused_rows, 3);
  }
  merge_feature_files(parts, folder_ / "merged.h5", false);
  EXPECT_EQ(read_bytes(folder_ / "merged.h5"), read_bytes(folder_ / "fresh.h5"));
}

TEST_F(ExtractDataset, IsStoppedWhileItReuses) {
  extract(folder_ / "old.h5", quick());
  ExtractDatasetOptions options = quick();
  options.reuse = folder_ / "old.h5";
  std::atomic<bool> stop = false;
  ExtractDatasetCallbacks callbacks;
  callbacks.computing = [&](const std::function<void()>&) { stop = true; };
  callbacks.stop = &stop;
  const ExtractDatasetResult result = extract(folder_ / "a.h5", options, callbacks);
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(result.reused_rows + result.computed_rows, 0);
}

TEST_F(ExtractDataset, ComputesTheDamagedRowsOfAReusedFile) {
  const ExtractDatasetResult whole = extract(folder_ / "old.h5", quick());
  const std::string expected = read_bytes(folder_ / "old.h5");
  std::string damaged = expected;
  for (const int64_t row : {2, 5}) {
    std::vector<float> features(64);
    whole.table.read_rows(row, 1, features.data());
    const size_t at =
        damaged.find(std::string(reinterpret_cast<const char*>(features.data()), features.size() * sizeof(float)));
    ASSERT_NE(at, std::string::npos);
    damaged[at + 5] = static_cast<char>(damaged[at + 5] ^ 1);
  }
  write_test_file(folder_ / "old.h5", damaged);
  ExtractDatasetOptions options = quick();
  options.reuse = folder_ / "old.h5";
  std::vector<std::string> events;
  ExtractDatasetCallbacks callbacks;
  callbacks.warning = [&](const std::string& line) { events.push_back(line); };
  callbacks.progress = [&](int64_t, int64_t) { EXPECT_EQ(events.size(), 1U) << "warned before the work"; };
  const ExtractDatasetResult result = extract(folder_ / "a.h5", options, callbacks);
  EXPECT_EQ(result.reused_rows, 4);
  EXPECT_EQ(result.computed_rows, 2);
  EXPECT_THAT(events, ElementsAre(printable_path(folder_ / "old.h5") +
                                  ": 2 rows are damaged and not reused; the first is row 2"));
  EXPECT_EQ(read_bytes(folder_ / "a.h5"), expected);
}

TEST_F(ExtractDataset, RefusesToReuseOtherRowsBeforeItReadsThePictures) {
  extract(folder_ / "old.h5", quick());
  ExtractDatasetOptions options = quick();
  options.network.pool = Pool::k2x2;
  options.reuse = folder_ / "old.h5";
  ExtractDatasetCallbacks callbacks;
  callbacks.listed = [](const Dataset&) { FAIL(); };
  expect_error(ErrorCode::kRefused, "old.h5 has rows that cannot be reused: pools differ ('avg' there, '2x2' now)",
               [&] { extract(folder_ / "a.h5", options, callbacks); });
  options.reuse = folder_ / "no.h5";
  expect_error(ErrorCode::kNotFound, "no.h5: no such file", [&] { extract(folder_ / "a.h5", options, callbacks); });
  EXPECT_EQ(names_in(folder_.path()), "old.h5 pets");
}

TEST_F(ExtractDataset, ReplacesNoPicture) {
  write_test_file(pets_ / "dogs/x.webp", "RIFF....WEBPVP8 ");
  for (const FeatureWriteOptions file : {FeatureWriteOptions{.overwrite = true}, {.resume = true}}) {
    for (const char* picture : {"cats/0.png", "dogs/x.webp"}) {
      const std::string before = read_bytes(pets_ / picture);
      expect_error(ErrorCode::kInvalidArgument, " is both input and output",
                   [&] { extract(pets_ / picture, quick(file)); });
      EXPECT_EQ(read_bytes(pets_ / picture), before);
    }
  }
  fs::rename(pets_ / "cats/0.png", pets_ / "cats/a.h5.partial.png");
  fs::create_hard_link(pets_ / "cats/a.h5.partial.png", folder_ / "a.h5.partial");  // a name on the way
  expect_error(ErrorCode::kInvalidArgument, "a.h5.partial is both input and output",
               [&] { extract(folder_ / "a.h5", quick({.overwrite = true})); });
}

TEST_F(ExtractDataset, RefusesFoldersWithoutUsablePictures) {
  const auto extract_from = [&](const fs::path& folder) {
    extract_dataset(weights(), folder, folder_ / "a.h5", quick());
  };
  fs::create_directories(folder_ / "text/cats");
  expect_error(ErrorCode::kNotFound, "text: no JPEG or PNG files in folders below it",
               [&] { extract_from(folder_ / "text"); });
  write_test_file(folder_ / "text/cats/x.jpg", "no picture");
  expect_error(ErrorCode::kNotFound, "text: no usable picture among 1; the first, cats/x.jpg: not a JPEG or PNG",
               [&] { extract_from(folder_ / "text"); });
  EXPECT_FALSE(fs::exists(folder_ / "a.h5.partial"));
}

TEST_F(ExtractDataset, LosesNoClassFolderUnlessAllowedTo) {
  fs::create_symlink("/mnt/not-mounted/owls", pets_ / "owls");
  ExtractDatasetOptions options = quick();
  expect_error(ErrorCode::kIo, "a folder would be left out: owls", [&] { extract(folder_ / "a.h5", options); });
  options.unlisted = Unlisted::kSkip;
  std::vector<std::string> unlisted;
  ExtractDatasetCallbacks callbacks;
  callbacks.listed = [&](const Dataset& dataset) {
    for (const SkippedPicture& folder : dataset.unlisted) unlisted.push_back(folder.path);
  };
  EXPECT_EQ(extract(folder_ / "a.h5", options, callbacks).table.rows, 6);
  EXPECT_THAT(unlisted, ElementsAre("owls"));
}

TEST_F(ExtractDataset, RefusesOptionsWithoutMeaning) {
  ExtractDatasetOptions options = quick();
  options.seed = UINT64_MAX;
  expect_error(ErrorCode::kInvalidArgument, "seed 18446744073709551615, expected at most 9223372036854775807",
               [&] { extract(folder_ / "a.h5", options); });
  write_test_file(folder_ / "there.h5", "text");
  expect_error(ErrorCode::kExists, "there.h5 already exists",
               [&] { extract_dataset(weights(), folder_ / "no such folder", folder_ / "there.h5", quick()); });
  fs::remove(folder_ / "there.h5");
  options = quick();
  options.shard = Shard{.index = 3, .count = 2};
  expect_error(ErrorCode::kInvalidArgument, "shard", [&] { extract(folder_ / "a.h5", options); });
  expect_error(ErrorCode::kInvalidArgument, "an extractor needs weights",
               [&] { extract_dataset(nullptr, pets_, folder_ / "a.h5", quick()); });
  EXPECT_EQ(names_in(folder_.path()), "pets");
}

}  // namespace
}  // namespace vgg16
