// Runs that end early and are resumed, and runs in shards: the resulting file equals that of one uninterrupted run byte
// by byte.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <stdexcept>
#include <thread>

#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

constexpr FeatureWriteOptions kResume = {.resume = true, .rows_per_commit = 5};

// Leaves `path` unfinished, with the rows `first` to `last` - 1.
void begin(const std::filesystem::path& path, const FeatureFilePlan& plan, int64_t first, int64_t last) {
  FeatureFileWriter writer(path, plan, {.rows_per_commit = 3});
  for (int64_t row = first; row < last; ++row) writer.write(row, test_row(row, plan.columns));
}

std::string bytes_of_one_run(const TempDir& folder, const FeatureFilePlan& plan) {
  write_test_file_of(folder / "undisturbed.h5", plan, {.overwrite = true});
  const std::string bytes = read_bytes(folder / "undisturbed.h5");
  std::filesystem::remove(folder / "undisturbed.h5");
  return bytes;
}

// Where row `row`'s bytes stand in the file at `path`.
size_t find_row(const std::string& bytes, const std::vector<float>& row) {
  return bytes.find(std::string(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)));
}

TEST(FeatureResume, GoesOnWhereTheRunEnded) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(30, 11);
  const std::string expected = bytes_of_one_run(folder, plan);
  begin(folder / "a.h5", plan, 0, 12);
  EXPECT_EQ(names_in(folder.path()), "a.h5.partial") << "rows are kept without finish()";
  {
    FeatureFileWriter writer(folder / "a.h5", plan, kResume);
    EXPECT_EQ(writer.committed_rows(), 12);
    EXPECT_EQ(writer.missing_rows().size(), 18U);
    EXPECT_EQ(writer.missing_rows().front(), 12);
    EXPECT_TRUE(writer.damaged_rows().empty());
    writer.write(29, test_row(29, 11));
  }
  write_test_file_of(folder / "a.h5", plan, kResume);
  EXPECT_TRUE(read_bytes(folder / "a.h5") == expected);
  EXPECT_EQ(names_in(folder.path()), "a.h5");
}

TEST(FeatureResume, ReplacesAnUnfinishedFileOnlyWhenItsRowsAreKept) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(6, 4);
  const FeatureFilePlan other = test_plan(8, 4);
  begin(folder / "a.h5", plan, 0, 5);
  const std::string unfinished = read_bytes(folder / "a.h5.partial");
  const auto replace = [&](const std::function<void()>& then) {
    FeatureFileWriter(folder / "a.h5", other, {.overwrite = true, .rows_per_commit = 1},
                      [&](FeatureFileWriter& writer) {
                        for (const int64_t row : {0, 1, 2}) writer.write(row, test_row(row, 4));
                        writer.commit();
                        EXPECT_EQ(read_bytes(folder / "a.h5.partial"), unfinished) << "a crash would leave it";
                        then();
                      });
  };
  EXPECT_THROW(replace([] { throw std::runtime_error("unreadable"); }), std::runtime_error);
  EXPECT_EQ(names_in(folder.path()), "a.h5.partial");
  EXPECT_EQ(read_bytes(folder / "a.h5.partial"), unfinished);
  replace([] {});
  EXPECT_EQ(names_in(folder.path()), "a.h5.partial");
  FeatureFileWriter writer(folder / "a.h5", other, kResume);
  EXPECT_EQ(writer.missing_rows(), (std::vector<int64_t>{3, 4, 5, 6, 7}));
  EXPECT_TRUE(writer.damaged_rows().empty());
}

TEST(FeatureResume, RowsAreCommittedByTimeToo) {
  const TempDir folder;
  FeatureFileWriter writer(folder / "a.h5", test_plan(9, 3), {.rows_per_commit = 1'000'000});
  for (const int64_t rows : {1, 4}) {
    for (int64_t row = writer.missing_rows().front(); row < rows; ++row) writer.write(row, test_row(row, 3));
    while (writer.committed_rows() < rows) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(writer.committed_rows(), 4);
}

TEST(FeatureResume, AnyThreadMayCommitWhileRowsAreWritten) {
  constexpr int64_t kRows = 2000;
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(kRows, 3);
  const std::string expected = bytes_of_one_run(folder, plan);
  FeatureFileWriter writer(folder / "a.h5", plan, {.rows_per_commit = 1'000'000});
  std::atomic<int64_t> written = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int64_t before = 0; before < kRows;) {
        before = written;
        writer.commit();
        EXPECT_GE(writer.committed_rows(), before);
      }
    });
  }
  for (int64_t row = 0; row < kRows; ++row) {
    writer.write(row, test_row(row, 3));
    ++written;
  }
  for (std::thread& thread : threads) thread.join();
  writer.finish();
  EXPECT_TRUE(read_bytes(folder / "a.h5") == expected);
}

// What another program may do to the partial file of 40 rows while 30 of them are there.
struct Meddling {
  const char* name;
  std::function<void(const std::filesystem::path&)> change;
  bool at_the_end;  // when all rows are there

  friend void PrintTo(const Meddling& meddling, std::ostream* out) { *out << meddling.name; }
};

void overwrite(const std::filesystem::path& path, size_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
}

void resize_by(const std::filesystem::path& path, int64_t difference) {
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path));
  std::filesystem::resize_file(path, static_cast<uintmax_t>(size + difference));
}

void spoil_row(const std::filesystem::path& path, int64_t row) {
  overwrite(path, find_row(read_bytes(path), test_row(row, 100)) + 17, "x");
}

const Meddling kMeddlings[] = {
    {"cut_by_a_byte", [](const auto& path) { resize_by(path, -1); }, true},
    {"cut_by_rows", [](const auto& path) { resize_by(path, -1000); }, true},
    {"emptied", [](const auto& path) { std::filesystem::resize_file(path, 0); }, true},
    {"grown", [](const auto& path) { resize_by(path, 1); }, true},
    {"last_row", [](const auto& path) { spoil_row(path, 39); }, true},
    {"another_late_row", [](const auto& path) { spoil_row(path, 25); }, true},
    {"header", [](const auto& path) { overwrite(path, 1, "XXX"); }, true},
    {"replaced_by_zeros",
     [](const auto& path) { overwrite(path, 0, std::string(std::filesystem::file_size(path), '\0')); }, true},
    {"cut_before_the_last_rows", [](const auto& path) { resize_by(path, -8000); }, false},
    {"emptied_before_the_last_rows", [](const auto& path) { std::filesystem::resize_file(path, 0); }, false},
};

class FeatureMeddling : public testing::TestWithParam<Meddling> {};

TEST_P(FeatureMeddling, IsFoundBeforeTheFileHasItsName) {
  const FeatureFilePlan plan = test_plan(40, 100);
  for (const bool with_dropped : {false, true}) {
    const TempDir folder;
    const auto write = [&](FeatureFileWriter& writer, int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        if (with_dropped && row == 3) {
          writer.drop(row, "unreadable");
        } else {
          writer.write(row, test_row(row, plan.columns));
        }
      }
    };
    {
      FeatureFileWriter writer(folder / "expected.h5", plan, {});
      write(writer, 0, 40);
      writer.finish();
    }
    expect_error(ErrorCode::kIo, "a.h5.partial was changed by another program while it was written: ", [&] {
      FeatureFileWriter writer(folder / "a.h5", plan, {});
      write(writer, 0, 30);
      if (GetParam().at_the_end) write(writer, 30, 40);
      writer.commit();
      GetParam().change(partial_path_of(folder / "a.h5"));
      if (!GetParam().at_the_end) write(writer, 30, 40);
      try {
        writer.finish();
      } catch (const Error& error) {
        EXPECT_TRUE(std::string(error.what()).ends_with(" --resume")) << error.what();
        throw;
      }
    });
    EXPECT_EQ(names_in(folder.path()), "a.h5.partial expected.h5");
    FeatureFileWriter writer(folder / "a.h5", plan, kResume);
    for (const int64_t row : writer.missing_rows()) write(writer, row, row + 1);
    writer.finish();
    EXPECT_TRUE(read_bytes(folder / "a.h5") == read_bytes(folder / "expected.h5"));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, FeatureMeddling, testing::ValuesIn(kMeddlings), testing::PrintToStringParamName());

TEST(FeatureResume, BeginsWhereThereIsNothing) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(4, 3);
  write_test_file_of(folder / "a.h5", plan, kResume);
  EXPECT_TRUE(read_bytes(folder / "a.h5") == bytes_of_one_run(folder, plan));
}

TEST(FeatureResume, AcceptsACompleteFileAsDone) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(9, 3);
  {
    FeatureFileWriter writer(folder / "a.h5", plan, {});
    for (int64_t row = 0; row < 9; ++row) {
      if (row % 4 == 1) {
        writer.drop(row, "cannot be decoded");
      } else {
        writer.write(row, test_row(row, 3));
      }
    }
    writer.finish();
  }
  const std::string bytes = read_bytes(folder / "a.h5");
  for (const bool overwrite : {false, true}) {
    FeatureFileWriter writer(folder / "a.h5", plan, {.overwrite = overwrite, .resume = true});
    EXPECT_TRUE(writer.missing_rows().empty());
    writer.finish();
  }
  EXPECT_TRUE(read_bytes(folder / "a.h5") == bytes);
  EXPECT_EQ(names_in(folder.path()), "a.h5");

  FeatureFilePlan other = plan;
  other.recipe.layer = "block4_pool";
  expect_error(ErrorCode::kRefused, "a.h5 belongs to another run: layers differ ('block5_pool' there",
               [&] { FeatureFileWriter(folder / "a.h5", other, kResume); });
  std::string damaged = bytes;
  damaged[find_row(bytes, test_row(2, 3))] ^= 1;
  write_test_file(folder / "a.h5", damaged);
  expect_error(ErrorCode::kRefused, "row 1 (", [&] { FeatureFileWriter(folder / "a.h5", plan, kResume); });
  write_test_file(folder / "a.h5", "not ours");
  expect_error(ErrorCode::kRefused, "a.h5 ", [&] { FeatureFileWriter(folder / "a.h5", plan, kResume); });
  EXPECT_EQ(read_bytes(folder / "a.h5"), "not ours");
}

TEST(FeatureResume, ReplacesAnOlderFileOnlyWhenAskedTo) {
  const TempDir folder;
  const FeatureFilePlan older = test_plan(5, 2);
  const FeatureFilePlan plan = test_plan(9, 3);
  write_test_file_of(folder / "a.h5", older);
  {
    FeatureFileWriter writer(folder / "a.h5", plan, {.overwrite = true});
    writer.write(4, test_row(4, 3));
  }
  expect_error(ErrorCode::kExists, "add --overwrite as well",
               [&] { FeatureFileWriter(folder / "a.h5", plan, kResume); });
  EXPECT_EQ(open_feature_file(folder / "a.h5").rows, 5);
  FeatureFileWriter writer(folder / "a.h5", plan, {.overwrite = true, .resume = true});
  EXPECT_EQ(writer.missing_rows().size(), 8U);
  for (const int64_t row : writer.missing_rows()) writer.write(row, test_row(row, 3));
  writer.finish();
  EXPECT_TRUE(read_bytes(folder / "a.h5") == bytes_of_one_run(folder, plan));
}

TEST(FeatureResume, ComputesDamagedRowsAgain) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(8, 5);
  const std::string expected = bytes_of_one_run(folder, plan);
  begin(folder / "a.h5", plan, 0, 6);
  std::string bytes = read_bytes(folder / "a.h5.partial");
  bytes[find_row(bytes, test_row(2, 5)) + 7] ^= 0x20;
  write_test_file(folder / "a.h5.partial", bytes);
  FeatureFileWriter writer(folder / "a.h5", plan, kResume);
  EXPECT_EQ(writer.damaged_rows(), std::vector<int64_t>{2});
  EXPECT_EQ(writer.missing_rows(), (std::vector<int64_t>{2, 6, 7}));
  for (const int64_t row : writer.missing_rows()) writer.write(row, test_row(row, 5));
  writer.finish();
  EXPECT_TRUE(read_bytes(folder / "a.h5") == expected);
}

TEST(FeatureResume, RefusesByNameWhatDiffers) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(8, 5);
  begin(folder / "a.h5", plan, 0, 3);
  const std::string before = read_bytes(folder / "a.h5.partial");
  const auto expect_refused = [&](const std::string& part, const std::function<void(FeatureFilePlan&)>& change) {
    FeatureFilePlan other = plan;
    change(other);
    expect_error(ErrorCode::kRefused, "a.h5.partial belongs to another run: " + part,
                 [&] { FeatureFileWriter(folder / "a.h5", other, kResume); });
    EXPECT_TRUE(read_bytes(folder / "a.h5.partial") == before) << part;
  };
  expect_refused("layers differ ('block5_pool' there, 'block4_pool' now)",
                 [](auto& p) { p.recipe.layer = "block4_pool"; });
  expect_refused("pools differ", [](auto& p) { p.recipe.pool = "avg"; });
  expect_refused("preprocessing differs", [](auto& p) { p.recipe.preprocessing = "other"; });
  expect_refused("weights differ", [](auto& p) { p.recipe.weights_sha256 = std::string(64, 'b'); });
  expect_refused("backends differ", [](auto& p) { p.recipe.backend = "cuda"; });
  expect_refused("precisions differ", [](auto& p) { p.recipe.precision = "f16"; });
  expect_refused("instruction sets differ", [](auto& p) { p.recipe.instruction_set = "avx512"; });
  expect_refused("program versions differ", [](auto& p) { p.recipe.program_version = "0.2.0"; });
  expect_refused("stored types differ ('f32' there, 'f16' now)", [](auto& p) { p.type = FeatureType::kF16; });
  expect_refused("numbers of columns differ ('5' there, '6' now)", [](auto& p) { p.columns = 6; });
  expect_refused("seeds differ", [](auto& p) { p.seed = 43; });
  expect_refused("pictures differ: dogs/new.jpg is new", [](auto& p) { p.pictures[3].path = "dogs/new.jpg"; });
  expect_refused("pictures differ: " + plan.pictures[7].path + " is gone", [](auto& p) { p.pictures.pop_back(); });
  expect_refused("pictures differ: the contents of " + plan.pictures[4].path + " have changed",
                 [](auto& p) { p.pictures[4].crc32 ^= 1; });
  expect_refused("pictures differ: the contents of", [](auto& p) { p.pictures[4].size_bytes += 1; });
  expect_refused("pictures differ: the order differs from row 1 on",
                 [](auto& p) { std::swap(p.pictures[1], p.pictures[5]); });
  expect_refused("pictures differ: the class differs for ", [](auto& p) { p.pictures[0].label = 0; });
  expect_refused("class names differ", [](auto& p) { p.label_names[1] = "wolves"; });
  expect_refused("pictures differ: dogs/moving.gif is gone", [](auto& p) {
    p.skipped.pop_back();
    std::swap(p.pictures[0], p.pictures[5]);  // the shuffle of other files is another
  });
  expect_refused("pictures differ: dogs/a.gif is new", [](auto& p) {
    p.skipped.insert(p.skipped.begin(), {"dogs/a.gif", "GIF is not supported"});
    std::swap(p.pictures[0], p.pictures[5]);
  });
  expect_refused("pictures differ: " + plan.pictures[3].path + " is skipped now", [](auto& p) {
    p.skipped.push_back({p.pictures[3].path, "empty file"});
    p.pictures.erase(p.pictures.begin() + 3);
  });
  expect_refused("pictures differ: the contents of " + plan.pictures[3].path + " have changed", [](auto& p) {
    p.skipped.push_back({p.pictures[0].path, "empty file"});
    p.pictures[3].crc32 ^= 1;
    p.pictures.erase(p.pictures.begin());
  });
  expect_refused("pictures differ: dogs/moving.gif is no longer skipped", [](auto& p) {
    p.pictures.push_back(p.pictures[0]);
    p.pictures.back().path = "dogs/moving.gif";
    p.skipped.pop_back();
  });
  expect_refused("pictures differ: the reason to skip differs for dogs/moving.gif",
                 [](auto& p) { p.skipped.back().reason = "empty file"; });
  expect_refused("pictures differ: a path occurs twice", [](auto& p) { p.pictures.push_back(p.pictures[2]); });
  expect_refused("shards differ ('none' there, '1/1' now)", [](auto& p) { p = shard_plan(p, {1, 1}); });

  std::string damaged = before;
  damaged[damaged.find("cats")] ^= 1;
  write_test_file(folder / "a.h5.partial", damaged);
  expect_error(ErrorCode::kRefused, "a.h5.partial", [&] { FeatureFileWriter(folder / "a.h5", plan, kResume); });
  write_test_file(folder / "a.h5.partial", "");
  expect_error(ErrorCode::kRefused, "a.h5.partial", [&] { FeatureFileWriter(folder / "a.h5", plan, kResume); });
  write_test_file_of(folder / "a.h5", plan, {.overwrite = true});
  EXPECT_EQ(names_in(folder.path()), "a.h5");
}

TEST(FeatureResume, IsNotStoppedByAnUnfinishedBeginning) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(3, 5);
  write_test_file(folder / "a.h5.partial.new",
                  std::string(100'000, 'x'));  // of a run killed before its header was done
  write_test_file_of(folder / "a.h5", plan);
  EXPECT_TRUE(read_bytes(folder / "a.h5") == bytes_of_one_run(folder, plan));
  EXPECT_EQ(names_in(folder.path()), "a.h5");
}

// A run that drops rows is killed after its compacted file has its name: the partial file is still there.
TEST(FeatureResume, ClearsUpBehindACompactedFile) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(6, 5);
  begin(folder / "a.h5", plan, 1, 6);
  std::filesystem::copy(folder / "a.h5.partial", folder / "copy");
  {
    FeatureFileWriter writer(folder / "a.h5", plan, kResume);
    writer.drop(0, "cannot be decoded");
    writer.finish();
  }
  const std::string expected = read_bytes(folder / "a.h5");
  std::filesystem::rename(folder / "copy", folder / "a.h5.partial");
  FeatureFileWriter writer(folder / "a.h5", plan, kResume);
  EXPECT_TRUE(writer.missing_rows().empty());
  writer.finish();
  EXPECT_TRUE(read_bytes(folder / "a.h5") == expected);
  EXPECT_EQ(names_in(folder.path()), "a.h5");
}

std::vector<std::filesystem::path> write_shards(const TempDir& folder, const FeatureFilePlan& plan, int64_t count,
                                                const std::set<int64_t>& dropped = {}) {
  std::vector<std::filesystem::path> parts;
  for (int64_t index = count; index >= 1; --index) {  // any order
    parts.push_back(folder / ("part-" + std::to_string(index) + ".h5"));
    const FeatureFilePlan part = shard_plan(plan, {index, count});
    FeatureFileWriter writer(parts.back(), part, {.overwrite = true, .rows_per_commit = 2});
    for (const int64_t row : writer.missing_rows()) {
      const int64_t number = part.shard->row_numbers[static_cast<size_t>(row)];
      if (dropped.contains(number)) {
        writer.drop(row, "cannot be decoded");
      } else {
        writer.write(row, test_row(number, plan.columns));
      }
    }
    writer.finish();
  }
  return parts;
}

TEST(FeatureShards, HoldTheirRowsAndMergeToOneRun) {
  const TempDir folder;
  for (const FeatureType type : {FeatureType::kF32, FeatureType::kF16}) {
    const FeatureFilePlan plan = test_plan(23, 7, type);
    const std::string expected = bytes_of_one_run(folder, plan);
    for (const int64_t count : {1, 2, 5, 30}) {
      const auto parts = write_shards(folder, plan, count);
      if (count == 5) {
        const FeatureTable second = open_feature_file(folder / "part-2.h5");
        EXPECT_EQ(second.rows, 5);
        EXPECT_EQ(second.label_names.size(), 3U);
        for (int64_t i = 0; i < 5; ++i) {
          EXPECT_EQ(second.paths[static_cast<size_t>(i)], plan.pictures[static_cast<size_t>(1 + 5 * i)].path);
        }
      }
      const MergeResult merged = merge_feature_files(parts, folder / "all.h5", /*overwrite=*/true);
      EXPECT_EQ(merged.rows, 23);
      EXPECT_EQ(merged.classes, 3);
      EXPECT_EQ(merged.skipped.size(), 2U);
      EXPECT_TRUE(read_bytes(folder / "all.h5") == expected) << count;
    }
  }
}

TEST(FeatureShards, MergeWithoutTheDroppedRows) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(20, 4);
  std::set<int64_t> dropped = {3, 7};
  for (int64_t row = 0; row < 20; ++row) {
    if (plan.pictures[static_cast<size_t>(row)].label == 2) dropped.insert(row);  // a whole class, and one shard
  }
  {
    FeatureFileWriter writer(folder / "one.h5", plan, {});
    for (int64_t row = 0; row < 20; ++row) {
      if (dropped.contains(row)) {
        writer.drop(row, "cannot be decoded");
      } else {
        writer.write(row, test_row(row, 4));
      }
    }
    writer.finish();
  }
  for (const int64_t count : {1, 3, 4}) {
    const auto parts = write_shards(folder, plan, count, dropped);
    const MergeResult merged = merge_feature_files(parts, folder / "all.h5", /*overwrite=*/true);
    EXPECT_EQ(merged.rows, static_cast<int64_t>(20 - dropped.size()));
    EXPECT_EQ(merged.classes, 2);
    EXPECT_TRUE(read_bytes(folder / "all.h5") == read_bytes(folder / "one.h5")) << count;
  }
}

TEST(FeatureShards, MayRunTwice) {
  const TempDir folder;
  const FeatureFilePlan part = shard_plan(test_plan(9, 4), {2, 3});
  write_test_file_of(folder / "part.h5", part);
  const std::string bytes = read_bytes(folder / "part.h5");
  FeatureFileWriter again(folder / "part.h5", part, kResume);
  EXPECT_TRUE(again.missing_rows().empty());
  again.finish();
  EXPECT_TRUE(read_bytes(folder / "part.h5") == bytes);
}

TEST(FeatureShards, MorePicturesThanRowsAndSkippedOnesAreRefused) {
  const TempDir folder;
  const FeatureFilePlan part = shard_plan(test_plan(9, 4), {2, 3});
  const auto skipped = static_cast<int64_t>(part.skipped.size());
  for (const int64_t more : {int64_t{3}, 3 * (skipped + 1), int64_t{1} << 40, INT64_MAX - 9}) {
    FeatureFilePlan claimed = part;
    claimed.shard->total_rows += more;
    write_test_file_of(folder / "a.h5", claimed, {.overwrite = true});
    if (more <= 3 * skipped) {
      EXPECT_EQ(open_feature_file(folder / "a.h5").rows, 3) << more;
    } else {
      expect_error(ErrorCode::kRefused, "what it says about its shard contradicts itself",
                   [&] { static_cast<void>(open_feature_file(folder / "a.h5")); });
    }
  }
}

// Under whichever name: the merged file and those that it has on the way would take their places.
TEST(FeatureShards, AreNotReplacedByWhatIsMadeOfThem) {
  const FeatureFilePlan plan = test_plan(6, 4);
  for (const char* name : {"z.h5", "z.h5.partial", "z.h5.partial.new"}) {
    for (const bool linked : {false, true}) {
      const TempDir folder;
      auto parts = write_shards(folder, plan, 2);
      std::filesystem::rename(parts[0], folder / name);
      parts[0] = folder / (linked ? "link" : name);
      if (linked) std::filesystem::create_symlink(name, parts[0]);
      const std::string bytes = read_bytes(parts[0]);
      for (const bool overwrite : {false, true}) {
        expect_error(ErrorCode::kInvalidArgument, std::string(name) + " is both input and output",
                     [&] { merge_feature_files(parts, folder / "z.h5", overwrite); });
      }
      EXPECT_TRUE(read_bytes(parts[0]) == bytes) << name;
    }
  }
}

TEST(FeatureShards, AreRefusedUnlessTheyFitTogether) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(12, 4);
  const auto parts = write_shards(folder, plan, 4);  // 4, 3, 2, 1
  const auto expect_refused = [&](ErrorCode code, const std::string& part, std::vector<std::filesystem::path> some) {
    expect_error(code, part, [&] { merge_feature_files(some, folder / "all.h5", /*overwrite=*/false); });
    EXPECT_FALSE(std::filesystem::exists(folder / "all.h5"));
    EXPECT_FALSE(std::filesystem::exists(folder / "all.h5.partial"));
  };
  expect_refused(ErrorCode::kRefused, "shards 1, 4 of 4 are missing", {parts[1], parts[2]});
  std::filesystem::copy(parts[1], folder / "copy.h5");
  expect_refused(ErrorCode::kRefused, "are the same shard, 3/4",
                 {parts[0], parts[1], folder / "copy.h5", parts[2], parts[3]});
  expect_refused(ErrorCode::kNotFound, "nothing.h5", {parts[0], folder / "nothing.h5"});
  expect_refused(ErrorCode::kInvalidArgument, "no parts", {});
  write_test_file_of(folder / "whole.h5", plan);
  expect_refused(ErrorCode::kRefused, "whole.h5 is not a shard", {folder / "whole.h5"});

  const auto other_part = [&](const std::function<void(FeatureFilePlan&)>& change) {
    FeatureFilePlan other = plan;
    change(other);
    write_test_file_of(folder / "other.h5", shard_plan(other, {4, 4}), {.overwrite = true});
    return std::vector<std::filesystem::path>{parts[1], parts[2], parts[3], folder / "other.h5"};
  };
  expect_refused(ErrorCode::kRefused, "belong to different runs: weights differ",
                 other_part([](auto& p) { p.recipe.weights_sha256[0] = 'c'; }));
  expect_refused(ErrorCode::kRefused, "belong to different runs: pictures of other shards differ",
                 other_part([](auto& p) { p.pictures[0].crc32 ^= 1; }));

  begin(folder / "begun.h5", shard_plan(plan, {4, 4}), 0, 2);
  expect_refused(ErrorCode::kRefused, "begun.h5.partial is unfinished: it holds 2 of 3 rows",
                 {parts[1], parts[2], parts[3], folder / "begun.h5.partial"});

  std::string damaged = read_bytes(parts[2]);
  damaged[find_row(damaged, test_row(5, 4))] ^= 1;
  write_test_file(folder / "damaged.h5", damaged);
  expect_error(ErrorCode::kRefused, "damaged.h5 is damaged: row 1", [&] {
    merge_feature_files(std::vector<std::filesystem::path>{parts[0], parts[1], folder / "damaged.h5", parts[3]},
                        folder / "all.h5", /*overwrite=*/false);
  });
  EXPECT_FALSE(std::filesystem::exists(folder / "all.h5"));
  // What the interrupted merge had committed is kept; the next merge continues from there.
  merge_feature_files(parts, folder / "all.h5", /*overwrite=*/false);
  EXPECT_TRUE(read_bytes(folder / "all.h5") == bytes_of_one_run(folder, plan));
  expect_error(ErrorCode::kExists, "all.h5 already exists; add --overwrite to replace it",
               [&] { merge_feature_files(parts, folder / "all.h5", /*overwrite=*/false); });
}

TEST(FeatureShards, NeedANumberThatExists) {
  const FeatureFilePlan plan = test_plan(12, 4);
  for (const Shard shard : {Shard{0, 4}, Shard{5, 4}, Shard{1, 0}}) {
    expect_error(ErrorCode::kInvalidArgument, "does not exist; expected I/N",
                 [&] { static_cast<void>(shard_plan(plan, shard)); });
  }
  expect_error(ErrorCode::kInvalidArgument, "cannot be divided again", [&] {
    static_cast<void>(shard_plan(shard_plan(plan, {1, 2}), {1, 2}));
  });
}

}  // namespace
}  // namespace vgg16
