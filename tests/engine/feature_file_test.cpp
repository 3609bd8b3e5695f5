#include "vgg16/feature_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

constexpr FeatureWriteOptions kResume = {.resume = true};

std::vector<float> all_rows(const FeatureTable& table) {
  std::vector<float> rows(static_cast<size_t>(table.rows * table.columns));
  table.read_rows(0, table.rows, rows.data());
  return rows;
}

TEST(FeatureFile, ComesBackAsItWasWritten) {
  const TempDir folder;
  for (const FeatureType type : {FeatureType::kF32, FeatureType::kF16}) {
    const FeatureFilePlan plan = test_plan(10, 33, type);
    const auto path = folder / (type == FeatureType::kF16 ? "half.h5" : "single.h5");
    write_test_file_of(path, plan);
    const FeatureTable table = open_feature_file(path);
    EXPECT_EQ(table.rows, 10);
    EXPECT_EQ(table.columns, 33);
    EXPECT_EQ(table.label_names, plan.label_names);
    EXPECT_EQ(table.recipe.layer, "block5_pool");
    EXPECT_EQ(table.recipe.weights_sha256, plan.recipe.weights_sha256);
    EXPECT_EQ(table.recipe.program_version, "0.1.0");
    for (int64_t row = 0; row < 10; ++row) {
      const auto at = static_cast<size_t>(row);
      EXPECT_EQ(table.labels[at], plan.pictures[at].label);
      EXPECT_EQ(table.paths[at], plan.pictures[at].path);
      std::vector<float> read(33);
      table.read_rows(row, 1, read.data());
      EXPECT_EQ(read, test_row(row, 33));
    }
    const auto skipped = read_skipped(path);
    ASSERT_EQ(skipped.size(), 2U);
    EXPECT_EQ(skipped[1].path, "dogs/moving.gif");
    EXPECT_EQ(skipped[1].reason, "GIF is not supported");
    expect_error(ErrorCode::kShape, "do not exist", [&] { table.read_rows(9, 2, nullptr); });
  }
}

TEST(FeatureFile, IsTheSameBytesForAnyOrderAndCommit) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(50, 17);
  write_test_file_of(folder / "a.h5", plan);
  const std::string expected = read_bytes(folder / "a.h5");
  for (const int64_t rows_per_commit : {1, 7, 50}) {
    FeatureFileWriter writer(folder / "b.h5", plan, {.overwrite = true, .rows_per_commit = rows_per_commit});
    for (int64_t i = 0; i < 50; ++i) {
      const int64_t row = i * 37 % 50;
      writer.write(row, test_row(row, 17));
    }
    writer.finish();
    EXPECT_TRUE(read_bytes(folder / "b.h5") == expected) << rows_per_commit;
  }
  EXPECT_EQ(names_in(folder.path()), "a.h5 b.h5");
}

// FNV-1a: tells files apart.
uint64_t digest(std::string_view bytes) {
  uint64_t state = 0xCBF29CE484222325U;
  for (const char byte : bytes) state = (state ^ static_cast<uint8_t>(byte)) * 0x100000001B3U;
  return state;
}

// Whichever version of HDF5 lays it out: 1.10.8, 1.14.5 and 2.2 gave these.
TEST(FeatureFile, IsTheSameBytesForEverAndWithAnyHdf5) {
  const TempDir folder;
  const auto expect_digest = [&](uint64_t expected, const FeatureFilePlan& plan) {
    write_test_file_of(folder / "a.h5", plan, {.overwrite = true});
    EXPECT_EQ(digest(read_bytes(folder / "a.h5")), expected);
  };
  const FeatureFilePlan plan = test_plan(7, 5);
  expect_digest(0x902094D1A7F93154, plan);
  expect_digest(0xBEC1C37CE3A5E574, test_plan(7, 5, FeatureType::kF16));
  expect_digest(0xD4076EA4EC43C5E7, shard_plan(plan, {2, 3}));
  expect_digest(0xA1E7F2E8CFE60F7B, shard_plan(plan, {9, 9}));  // without any row
  expect_digest(0xE0FC9F725B82234F, test_plan(2000, 300));      // names that fill several of HDF5's heaps
  FeatureFilePlan complete = plan;
  complete.skipped.clear();
  expect_digest(0x6AB06802AE1B7F3A, complete);
}

TEST(FeatureFile, WithoutDroppedRowsEqualsAFileThatNeverHadThem) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(30, 9);
  FeatureFilePlan kept = plan;
  kept.pictures.clear();
  {
    FeatureFileWriter writer(folder / "dropped.h5", plan, {.rows_per_commit = 4});
    for (int64_t row = 0; row < 30; ++row) {
      const PictureFile& picture = plan.pictures[static_cast<size_t>(row)];
      if (picture.label == 1 || row == 29) {  // all dogs, and one more
        writer.drop(row, "cannot be decoded");
        kept.skipped.push_back({picture.path, "cannot be decoded"});
      } else {
        writer.write(row, test_row(static_cast<int64_t>(kept.pictures.size()), 9));
        kept.pictures.push_back(picture);
        kept.pictures.back().label = picture.label == 2 ? 1 : 0;
      }
    }
    writer.finish();
  }
  kept.label_names.erase(kept.label_names.begin() + 1);
  std::sort(kept.skipped.begin(), kept.skipped.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  write_test_file_of(folder / "never.h5", kept);
  EXPECT_TRUE(read_bytes(folder / "dropped.h5") == read_bytes(folder / "never.h5"));
  EXPECT_EQ(names_in(folder.path()), "dropped.h5 never.h5");
  EXPECT_EQ(open_feature_file(folder / "dropped.h5").label_names.size(), 2U);
}

TEST(FeatureFile, IsNotWrittenWithoutAnyRow) {
  const TempDir folder;
  {
    FeatureFileWriter writer(folder / "a.h5", test_plan(2, 4), {});
    expect_error(ErrorCode::kInvalidArgument, "2 rows were neither written nor dropped", [&] { writer.finish(); });
    writer.drop(0, "bad");
    writer.drop(1, "bad");
    expect_error(ErrorCode::kNotFound, "none of the 2 pictures is usable", [&] { writer.finish(); });
  }
  EXPECT_EQ(names_in(folder.path()), "");
}

TEST(FeatureFile, RefusesWhatIsNoRow) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(3, 4, FeatureType::kF16);
  FeatureFileWriter writer(folder / "a.h5", plan, {});
  const std::vector<float> good = {0, 1, 2, 65504};
  expect_error(ErrorCode::kShape, "3 columns, expected 4", [&] { writer.write(0, std::span(good).first(3)); });
  expect_error(ErrorCode::kInvalidArgument, "no row 3", [&] { writer.write(3, good); });
  expect_error(ErrorCode::kRefused, plan.pictures[0].path + ": the value 65520", [&] {
    writer.write(0, std::vector<float>{0, 1, 2, 65520});
  });
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    expect_error(ErrorCode::kRefused, "column 2 is not finite", [&] {
      writer.write(0, std::vector<float>{0, 1, bad, 3});
    });
  }
  writer.write(0, good);
  expect_error(ErrorCode::kInvalidArgument, "before", [&] { writer.write(0, good); });
  expect_error(ErrorCode::kInvalidArgument, "before", [&] { writer.drop(0, "late"); });

  FeatureFileWriter single(folder / "b.h5", test_plan(1, 2), {});
  expect_error(ErrorCode::kRefused, "column 1 is not finite", [&] {
    single.write(0, std::vector<float>{0, -INFINITY});
  });
}

TEST(FeatureFile, RefusesAPlanThatIsNone) {
  const TempDir folder;
  const auto expect_refused = [&](const std::string& part, const std::function<void(FeatureFilePlan&)>& spoil) {
    FeatureFilePlan plan = test_plan(3, 4);
    spoil(plan);
    expect_error(ErrorCode::kInvalidArgument, part, [&] { FeatureFileWriter(folder / "a.h5", plan, {}); });
  };
  expect_refused("one column", [](auto& plan) { plan.columns = 0; });
  expect_refused("one row", [](auto& plan) { plan.pictures.clear(); });
  expect_refused("has label 3", [](auto& plan) { plan.pictures[1].label = 3; });
  expect_refused("zero byte", [](auto& plan) { plan.pictures[1].path = std::string("a\0b", 3); });
  EXPECT_EQ(names_in(folder.path()), "");
}

TEST(FeatureFile, KeepsWhatIsAtItsName) {
  const TempDir folder;
  write_test_file(folder / "a.h5", "precious");
  expect_error(ErrorCode::kExists, "a.h5 already exists; add --overwrite to replace it or --resume to continue it",
               [&] { FeatureFileWriter(folder / "a.h5", test_plan(3, 4), {}); });
  {
    FeatureFileWriter writer(folder / "a.h5", test_plan(3, 4), {.overwrite = true});
    writer.write(0, test_row(0, 4));
    EXPECT_EQ(read_bytes(folder / "a.h5"), "precious") << "until the new one is complete";
  }
  EXPECT_EQ(read_bytes(folder / "a.h5"), "precious");
  EXPECT_EQ(names_in(folder.path()), "a.h5 a.h5.partial");
  write_test_file_of(folder / "a.h5", test_plan(3, 4), {.overwrite = true});
  EXPECT_EQ(open_feature_file(folder / "a.h5").rows, 3);
  EXPECT_EQ(names_in(folder.path()), "a.h5");
}

// A pipe, or a link whatever it leads to: refused at once, and also where it appears while the file is written.
TEST(FeatureFile, DoesNotReplaceAPipeOrALink) {
  const TempDir folder;
  const auto path = folder / "a.h5";
  const auto other = folder / "b";
  const auto link_to = [&](const std::filesystem::path& target) { std::filesystem::create_symlink(target, path); };
  write_test_file(other, "precious");
  const std::pair<std::function<void()>, std::string> kCases[] = {
      {[&] { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }, "a.h5 is not a regular file"},
      {[&] { link_to("b"); }, "a.h5 is a link to " + other.string() + "; give " + other.string() + " itself"},
      {[&] { link_to("nowhere"); }, "a.h5 is a link to " + (folder / "nowhere").string()},
      {[&] { link_to("/dev/null"); }, "a.h5 is a link to /dev/null"},
  };
  for (const auto& [make, refusal] : kCases) {
    make();
    const auto status = std::filesystem::symlink_status(path);
    for (const bool resume : {false, true}) {
      expect_error(ErrorCode::kExists, refusal,
                   [&] { FeatureFileWriter(path, test_plan(3, 4), {.overwrite = !resume, .resume = resume}); });
    }
    EXPECT_EQ(names_in(folder.path()), "a.h5 b");
    std::filesystem::remove(path);
    {
      FeatureFileWriter writer(path, test_plan(1, 4), {.overwrite = true});
      writer.write(0, test_row(0, 4));
      make();
      expect_error(ErrorCode::kExists, refusal, [&] { writer.finish(); });
      expect_error(ErrorCode::kExists, "the new file stays in " + path.string() + ".partial", [&] { writer.finish(); });
    }
    EXPECT_EQ(std::filesystem::symlink_status(path).type(), status.type());
    EXPECT_EQ(open_feature_file(folder / "a.h5.partial").rows, 1);
    std::filesystem::remove(path);
    std::filesystem::remove(folder / "a.h5.partial");
  }
  EXPECT_EQ(read_bytes(other), "precious");
}

// Files of others under the names of a run's temporary files: the error names them, and they are neither written to nor
// removed.
TEST(FeatureFile, TakesNothingOfSomebodyElsesForItsOwn) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(3, 4);
  const auto part = folder / "a.h5.partial";
  const auto nascent = folder / "a.h5.partial.new";
  write_test_file(folder / "b", "precious");
  const auto expect_refused = [&](const std::filesystem::path& name, const std::string& found) {
    const FeatureWriteOptions kOptions[] = {{.overwrite = true}, {.resume = true}};
    for (const FeatureWriteOptions& options : kOptions) {
      expect_error(ErrorCode::kRefused, name.string() + " " + found,
                   [&] { FeatureFileWriter(folder / "a.h5", plan, options); });
    }
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::symlink_status(name))) << found;
    std::filesystem::remove(name);
    EXPECT_EQ(names_in(folder.path()), "b") << found;
    EXPECT_EQ(read_bytes(folder / "b"), "precious") << found;
  };
  for (const auto& name : {part, nascent}) {
    for (const char* target : {"b", "nowhere", "/dev/null"}) {
      std::filesystem::create_symlink(target, name);
      expect_refused(name,
                     "is a link, so it may not come from an earlier run of yours; remove it or choose another output");
    }
    std::filesystem::create_hard_link(folder / "b", name);
    expect_refused(name, "has further names (hard links)");
    ASSERT_EQ(mkfifo(name.c_str(), 0600), 0);
    expect_refused(name, "is not a regular file");
    std::filesystem::create_directory(name);
    expect_refused(name, "is not a regular file");
  }
}

TEST(FeatureFile, TakesAnotherUsersFileOnlyWhereNobodyElseCouldPutIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only the superuser can give files away";
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(3, 4);
  const auto expect_left_alone = [&](const std::filesystem::path& name) {
    expect_error(ErrorCode::kRefused, name.string() + " belongs to another user (1002)",
                 [&] { write_test_file_of(folder / "a.h5", plan, kResume); });
    struct stat status {};
    ASSERT_EQ(lstat(name.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 1002U);
    std::filesystem::remove(name);
  };
  const auto leave_partial = [&] {
    FeatureFileWriter writer(folder / "a.h5", plan, {});
    writer.write(0, test_row(0, 4));
    writer.commit();
    ASSERT_EQ(chown(writer.partial_path().c_str(), 1002, 1002), 0);
  };
  for (const mode_t mode : {mode_t{01777}, mode_t{0777}, mode_t{0775}}) {
    ASSERT_EQ(chmod(folder.path().c_str(), mode), 0);
    leave_partial();
    expect_left_alone(folder / "a.h5.partial");
  }
  for (const mode_t mode : {mode_t{01777}, mode_t{0755}}) {
    ASSERT_EQ(chmod(folder.path().c_str(), mode), 0);
    write_test_file(folder / "a.h5.partial.new", "x");
    ASSERT_EQ(chown((folder / "a.h5.partial.new").c_str(), 1002, 1002), 0);
    expect_left_alone(folder / "a.h5.partial.new");
  }
  leave_partial();
  write_test_file_of(folder / "a.h5", plan, kResume);
  EXPECT_EQ(names_in(folder.path()), "a.h5");
}

TEST(FeatureFile, IsMadeWithTheUsersMask) {
  const TempDir folder;
  const mode_t before = umask(027);
  write_test_file_of(folder / "a.h5", test_plan(3, 4));
  umask(before);
  EXPECT_EQ(std::filesystem::status(folder / "a.h5").permissions(), static_cast<std::filesystem::perms>(0640));
}

TEST(FeatureFile, DoesNotReplaceAFileThatAppearsMeanwhile) {
  const TempDir folder;
  FeatureFileWriter writer(folder / "a.h5", test_plan(1, 4), {});
  writer.write(0, test_row(0, 4));
  write_test_file(folder / "a.h5", "precious");
  expect_error(ErrorCode::kExists, "a.h5 was created by another program in the meantime", [&] { writer.finish(); });
  EXPECT_EQ(read_bytes(folder / "a.h5"), "precious");
}

TEST(FeatureFile, SaysWhyItCannotBeCreated) {
  const TempDir folder;
  expect_error(ErrorCode::kNotFound, "there is no folder",
               [&] { FeatureFileWriter(folder / "missing" / "a.h5", test_plan(1, 4), {}); });
  expect_error(ErrorCode::kIo, "/proc/self/a.h5", [&] { FeatureFileWriter("/proc/self/a.h5", test_plan(1, 4), {}); });
  FeatureFilePlan huge = test_plan(1000, int64_t{1} << 45);
  expect_error(ErrorCode::kIo, "a.h5 ", [&] { FeatureFileWriter(folder / "a.h5", huge, {}); });
  EXPECT_EQ(names_in(folder.path()), "");
}

TEST(FeatureFile, KeepsASecondWriterOutButNotReaders) {
  const TempDir folder;
  FeatureFileWriter writer(folder / "a.h5", test_plan(3, 4), {});
  for (const bool resume : {false, true}) {
    expect_error(ErrorCode::kIo, "another run is writing this file", [&] {
      FeatureFileWriter(folder / "a.h5", test_plan(3, 4), {.overwrite = !resume, .resume = resume});
    });
  }
  const int descriptor = open(writer.partial_path().c_str(), O_RDONLY);
  EXPECT_EQ(flock(descriptor, LOCK_EX | LOCK_NB), 0) << "the kind of lock that HDF5 and h5py take";
  close(descriptor);
}

// Its partial file is removed and a second run creates another of the same name. The first run must neither publish nor
// remove that one.
TEST(FeatureFile, LeavesThePartialFileOfALaterRunAlone) {
  for (const bool drops : {false, true}) {
    const TempDir folder;
    const FeatureFilePlan plan = test_plan(3, 4);
    FeatureFileWriter first(folder / "a.h5", plan, {});
    for (const int64_t row : {0, 1}) first.write(row, test_row(row, 4));
    if (drops) {
      first.drop(2, "cannot be decoded");
    } else {
      first.write(2, test_row(2, 4));
    }
    std::filesystem::remove(first.partial_path());
    expect_error(ErrorCode::kIo, "a.h5.partial was removed or replaced by another run", [&] { first.finish(); });
    EXPECT_EQ(names_in(folder.path()), "");
    FeatureFileWriter second(folder / "a.h5", plan, {});
    second.write(0, test_row(0, 4));
    second.commit();
    expect_error(ErrorCode::kIo, "a.h5.partial was removed or replaced by another run", [&] { first.finish(); });
    EXPECT_EQ(names_in(folder.path()), "a.h5.partial");
    for (const int64_t row : {1, 2}) second.write(row, test_row(row, 4));
    second.finish();
    EXPECT_EQ(open_feature_file(folder / "a.h5").rows, 3);
  }
}

TEST(FeatureFile, UnfinishedIsRefusedWithWhatItHas) {
  const TempDir folder;
  {
    FeatureFileWriter writer(folder / "a.h5", test_plan(5, 4), {});
    for (const int64_t row : {1, 3, 4}) writer.write(row, test_row(row, 4));
    writer.commit();
    EXPECT_EQ(writer.committed_rows(), 3);
    expect_error(ErrorCode::kRefused,
                 "a.h5.partial is unfinished: it holds 3 of 5 rows; finish it with vgg16 extract --resume",
                 [&] { static_cast<void>(open_feature_file(writer.partial_path())); });
  }
  expect_error(
      ErrorCode::kExists,
      "a.h5.partial is left from an interrupted run; add --resume to continue it or --overwrite to start again",
      [&] { FeatureFileWriter(folder / "a.h5", test_plan(5, 4), {}); });
}

TEST(FeatureFile, CutAnywhereIsRefused) {
  const TempDir folder;
  write_test_file_of(folder / "a.h5", test_plan(3, 5));
  const std::string whole = read_bytes(folder / "a.h5");
  int accepted = 0;
  for (size_t length = 0; length < whole.size(); ++length) {
    write_test_file(folder / "cut.h5", std::string_view(whole).substr(0, length));
    try {
      const FeatureTable table = open_feature_file(folder / "cut.h5");
      static_cast<void>(all_rows(table));
      ++accepted;
      ADD_FAILURE() << "cut at byte " << length << " of " << whole.size();
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::kRefused) << error.what();
    }
  }
  EXPECT_EQ(accepted, 0);
}

TEST(FeatureFile, EveryFlippedBitOfARowIsSeen) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(3, 5);
  write_test_file_of(folder / "a.h5", plan);
  std::string bytes = read_bytes(folder / "a.h5");
  const std::vector<float> row = test_row(1, 5);
  const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)));
  ASSERT_NE(at, std::string::npos);
  for (size_t bit = 0; bit < 5 * 32; ++bit) {
    std::string damaged = bytes;
    damaged[at + bit / 8] = static_cast<char>(damaged[at + bit / 8] ^ (1 << bit % 8));
    write_test_file(folder / "b.h5", damaged);
    const FeatureTable table = open_feature_file(folder / "b.h5");
    expect_error(ErrorCode::kRefused, "row 1 (" + plan.pictures[1].path + ") does not match its checksum",
                 [&] { static_cast<void>(all_rows(table)); });
  }
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at) + 20,
                   bytes.begin() + static_cast<std::ptrdiff_t>(at) + 20);
  write_test_file(folder / "b.h5", bytes);
  expect_error(ErrorCode::kRefused, "row 1", [&] { static_cast<void>(all_rows(open_feature_file(folder / "b.h5"))); });
}

TEST(FeatureFile, NoDamagedByteOfTheHeaderDoesHarm) {
  const TempDir folder;
  write_test_file_of(folder / "a.h5", test_plan(3, 5));
  const std::string whole = read_bytes(folder / "a.h5");
  int refused = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      write_test_file(folder / "b.h5", damaged);
      try {
        static_cast<void>(all_rows(open_feature_file(folder / "b.h5")));  // a byte that means nothing, or a name's
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::kRefused) << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(FeatureFile, OtherKindsOfFilesAreCalledByTheirNames) {
  const TempDir folder;
  const auto expect_refused = [&](std::string_view bytes, const std::string& part) {
    write_test_file(folder / "x.h5", bytes);
    expect_error(ErrorCode::kRefused, part, [&] { static_cast<void>(open_feature_file(folder / "x.h5")); });
  };
  expect_refused("", "is empty");
  expect_refused(std::string_view("\x80\x04\x95\x10", 4), "is a Python pickle; expected a features file (HDF5, .npy)");
  expect_refused(std::string_view("\x40\0\0\0\0\0\0\0{\"coef\"", 15), "is a safetensors file");
  expect_refused("\x93NUMPY\x01", "is damaged: it has no complete header");
  expect_refused("PK\x03\x04 and more", "convert it: python3 -c \"import numpy; [numpy.save(k, v) for k, v in ");
  expect_refused("PAR1 and more", "is a Parquet table; expected a features file (HDF5, .npy); convert it: python3 -c");
  expect_refused("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer");
  expect_refused("<!DOCTYPE html>", "is an HTML page");
  expect_refused("something", "is text; expected a features file (HDF5, .npy); convert it: python3 -c");
  expect_refused("\xFF\xD8\xFF\xE0",
                 "is a JPEG picture; expected a features file (HDF5, .npy); pictures go to vgg16 predict");
  expect_refused("MATLAB 7.3 MAT-file, Platform: GLNXA64", "is a MATLAB 7.3 .mat file; expected a features file");
  expect_refused("\1\2\3", "is of an unknown kind; expected a features file (HDF5, .npy); is it the right file?");
  expect_refused("\x89HDF\r\n\x1a\n and then nothing", "was written in a later HDF5 format than is supported");
  expect_error(ErrorCode::kNotFound, "missing.h5",
               [&] { static_cast<void>(open_feature_file(folder / "missing.h5")); });
  expect_error(ErrorCode::kRefused, "is a folder; expected a features file (HDF5, .npy); vgg16 extract makes one",
               [&] { static_cast<void>(open_feature_file(folder.path())); });
  ASSERT_EQ(mkfifo((folder / "pipe.h5").c_str(), 0600), 0);
  expect_error(ErrorCode::kRefused, "is not a regular file",
               [&] { static_cast<void>(open_feature_file(folder / "pipe.h5")); });
}

TEST(FeatureFile, IsReadByManyThreads) {
  const TempDir folder;
  write_test_file_of(folder / "a.h5", test_plan(200, 64));
  const FeatureTable table = open_feature_file(folder / "a.h5");
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&table, &wrong, t] {
      std::vector<float> row(64);
      for (int64_t i = 0; i < 200; ++i) {
        const int64_t number = (i * 7 + t * 50) % 200;
        table.read_rows(number, 1, row.data());
        if (row != test_row(number, 64)) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace vgg16
