#include "vgg16/reusable_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "features/row.h"
#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/pictures.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRows = 6;
constexpr int64_t kColumns = 10;

class ReusableRowsTest : public testing::Test {
 protected:
  // Row `number` of test_plan, or empty if the file has none for this picture.
  static std::vector<float> row_of(ReusableRows& old, const PictureFile& picture) {
    std::vector<float> row(static_cast<size_t>(kColumns));
    return old.read(picture, row) ? row : std::vector<float>();
  }
  ReusableRows open(const FeatureFilePlan& now) const {
    return ReusableRows(folder_ / "old.h5", now.recipe, now.columns, now.type);
  }
  void expect_refused(const std::string& part, const FeatureFilePlan& now) const {
    expect_error(ErrorCode::kRefused, "old.h5 has rows that cannot be reused: " + part, [&] { open(now); });
  }

  TempDir folder_;
  FeatureFilePlan plan_ = test_plan(kRows, kColumns);
};

TEST_F(ReusableRowsTest, AreFoundByTheBytesOfTheirPictures) {
  plan_.pictures[4].size_bytes = plan_.pictures[1].size_bytes;  // the same size, another checksum
  write_test_file_of(folder_ / "old.h5", plan_);
  ReusableRows old = open(plan_);
  for (const int64_t number : {5, 0, 4, 1}) {
    PictureFile picture = plan_.pictures[static_cast<size_t>(number)];
    EXPECT_EQ(row_of(old, picture), test_row(number, kColumns));
    picture.path = "another/path.png";
    picture.label = 7;
    EXPECT_EQ(row_of(old, picture), test_row(number, kColumns));
    ++picture.size_bytes;
    EXPECT_EQ(row_of(old, picture), std::vector<float>());
    --picture.size_bytes;
    ++picture.crc32;
    EXPECT_EQ(row_of(old, picture), std::vector<float>());
  }
  EXPECT_THAT(old.damaged_rows(), testing::IsEmpty());
  std::vector<float> short_row(kColumns - 1);
  expect_error(ErrorCode::kShape, "a row has 10 columns, not 9",
               [&] { static_cast<void>(old.read(plan_.pictures[0], short_row)); });
}

TEST_F(ReusableRowsTest, MayBeOfAnUnfinishedFileOrAShard) {
  {
    FeatureFileWriter writer(folder_ / "old.h5", plan_, {});
    writer.write(3, test_row(3, kColumns));
    writer.commit();
  }
  fs::rename(folder_ / "old.h5.partial", folder_ / "old.h5");
  {
    ReusableRows old = open(plan_);
    EXPECT_EQ(row_of(old, plan_.pictures[3]), test_row(3, kColumns));
    EXPECT_EQ(row_of(old, plan_.pictures[2]), std::vector<float>());
    EXPECT_THAT(old.damaged_rows(), testing::IsEmpty());
  }
  write_test_file_of(folder_ / "old.h5", shard_plan(plan_, {.index = 2, .count = 3}), {.overwrite = true});
  ReusableRows old = open(plan_);
  for (int64_t number = 0; number < kRows; ++number) {
    EXPECT_EQ(row_of(old, plan_.pictures[static_cast<size_t>(number)]),
              number % 3 == 1 ? test_row(number, kColumns) : std::vector<float>());
  }
}

TEST_F(ReusableRowsTest, MustHaveTheSameRecipe) {
  write_test_file_of(folder_ / "old.h5", plan_);
  const auto differs = [&](const std::string& part, std::string Recipe::*field, const std::string& value) {
    FeatureFilePlan now = plan_;
    now.recipe.*field = value;
    expect_refused(part, now);
  };
  differs("layers differ ('block5_pool' there, 'block4_pool' now)", &Recipe::layer, "block4_pool");
  differs("pools differ ('none' there, '2x2' now)", &Recipe::pool, "2x2");
  differs("preprocessing differs", &Recipe::preprocessing, "torch");
  differs("weights differ ('aaaaaaaaaaaa...' there, 'bbbbbbbbbbbb...' now)", &Recipe::weights_sha256,
          std::string(64, 'b'));
  differs("backends differ", &Recipe::backend, "cuda");
  differs("precisions differ", &Recipe::precision, "bf16");
  differs("instruction sets differ", &Recipe::instruction_set, "avx512");
  differs("program versions differ ('0.1.0' there, '0.1.1' now)", &Recipe::program_version, "0.1.1");
  FeatureFilePlan now = plan_;
  ++now.columns;
  expect_refused("10 numbers per row there, 11 now", now);
}

TEST_F(ReusableRowsTest, MayBecomeShorterNumbersButNotLonger) {
  write_test_file_of(folder_ / "old.h5", plan_);
  FeatureFilePlan now = plan_;
  now.type = FeatureType::kF16;
  {
    ReusableRows old = open(now);
    EXPECT_EQ(row_of(old, plan_.pictures[1]), test_row(1, kColumns));
  }
  write_test_file_of(folder_ / "old.h5", now, {.overwrite = true});
  {
    ReusableRows old = open(now);
    EXPECT_EQ(row_of(old, plan_.pictures[1]), test_row(1, kColumns));
  }
  expect_refused("stored as float16 there, as float32 now", plan_);
}

// Damage in the first of two rows of the same picture, a row of NaN with its checksum, and damage in an only row.
TEST_F(ReusableRowsTest, AreComparedWithTheirChecksums) {
  plan_.pictures[4].size_bytes = plan_.pictures[1].size_bytes;
  plan_.pictures[4].crc32 = plan_.pictures[1].crc32;
  write_test_file_of(folder_ / "old.h5", plan_);
  std::string bytes = read_bytes(folder_ / "old.h5");
  const auto text_of = [](const auto& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  const auto replace = [&](const std::string& before, const std::string& after) {
    const size_t at = bytes.find(before);
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at, before.size(), after);
  };
  for (const int64_t number : {1, 2}) {
    std::string row = text_of(test_row(number, kColumns));
    const std::string before = row;
    row[7] = static_cast<char>(row[7] ^ 0x10);
    replace(before, row);
  }
  const int64_t label = plan_.pictures[3].label;
  const auto checksum = [&](const std::vector<float>& row) {
    const std::vector<uint32_t> sum = {row_checksum(3, label, std::as_bytes(std::span(row)))};
    return text_of(sum);
  };
  std::vector<float> row = test_row(3, kColumns);
  const std::vector<float> before = row;
  row[2] = std::numeric_limits<float>::quiet_NaN();
  replace(text_of(before), text_of(row));
  replace(checksum(before), checksum(row));
  write_test_file(folder_ / "old.h5", bytes);

  ReusableRows old = open(plan_);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(row_of(old, plan_.pictures[1]), test_row(4, kColumns));
    EXPECT_EQ(row_of(old, plan_.pictures[2]), std::vector<float>());
    EXPECT_EQ(row_of(old, plan_.pictures[3]), std::vector<float>());
    EXPECT_EQ(row_of(old, plan_.pictures[5]), test_row(5, kColumns));
  }
  EXPECT_THAT(old.damaged_rows(), testing::ElementsAre(1, 2, 3));
}

TEST_F(ReusableRowsTest, AreOnlyOfFeaturesFilesWithChecksums) {
  expect_error(ErrorCode::kNotFound, "old.h5: no such file", [&] { open(plan_); });
  write_test_file(folder_ / "old.h5", "text");
  expect_error(ErrorCode::kRefused, "old.h5", [&] { open(plan_); });
}

}  // namespace
}  // namespace vgg16
