#include "vgg16/extractor.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/pictures.h"
#include "support/resident_memory.h"
#include "support/synthetic_weights.h"
#include "support/temp_dir.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/image.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Up to an early layer, so that a forward pass is short.
ExtractorOptions quick(Pool pool, int batch_size, int threads) {
  return {.layer = "block2_pool", .pool = pool, .device = "cpu", .threads = threads, .batch_size = batch_size};
}

std::vector<uint8_t> random_pictures(int n) {
  std::mt19937 random(13);
  std::vector<uint8_t> pixels(static_cast<size_t>(n) * kPictureBytes);
  std::generate(pixels.begin(), pixels.end(), [&] { return static_cast<uint8_t>(random()); });
  return pixels;
}

std::vector<float> extracted(Extractor& extractor, const std::vector<uint8_t>& pixels, int n) {
  std::vector<float> rows(static_cast<size_t>(n) * static_cast<size_t>(extractor.columns()));
  extractor.extract({pixels.data(), n}, rows.data());
  return rows;
}

TEST(ExtractorTest, KnowsItsColumns) {
  EXPECT_EQ(Extractor(weights(), {.batch_size = 1}).columns(), 25088);
  EXPECT_EQ(Extractor(weights(), quick(Pool::kNone, 1, 1)).columns(), 56 * 56 * 128);
  EXPECT_EQ(Extractor(weights(), quick(Pool::k2x2, 1, 1)).columns(), 4 * 128);
  Extractor pooled(weights(), quick(Pool::kMax, 1, 1));
  EXPECT_EQ(pooled.columns(), 128);
  EXPECT_EQ(pooled.backend(), "cpu");
  EXPECT_FALSE(pooled.instruction_set().empty());
}

TEST(ExtractorTest, AFurtherOneSharesThePreparedWeights) {
#ifdef VGG16_SANITIZED
  GTEST_SKIP() << "AddressSanitizer's own memory counts as this process's";
#endif
  const auto shared = Weights::synthetic(6);
  const auto pixels = random_pictures(8);
  for (const auto& [batch_size, most_mb] : {std::pair(1, 30), {8, 130}, {32, 130}}) {
    SCOPED_TRACE(batch_size);
    const ExtractorOptions options = {.device = "cpu", .threads = 1, .batch_size = batch_size};
    Extractor first(shared, options);
    const auto expected = extracted(first, pixels, 8);  // memory is taken when it is first touched
    const int64_t before = resident_kib();
    Extractor further(shared, options);
    EXPECT_EQ(extracted(further, pixels, 8), expected);
    EXPECT_LT(resident_kib() - before, int64_t{most_mb} * 1000);
  }
}

TEST(ExtractorTest, SharedWeightsServeEarlierLayersAndAreNotKeptAlive) {
  const auto shared = Weights::synthetic(7);
  const auto pixels = random_pictures(1);
  const auto alone = [&](const char* layer) {
    Extractor extractor(Weights::synthetic(7), {.layer = layer, .device = "cpu", .threads = 1, .batch_size = 1});
    return extracted(extractor, pixels, 1);
  };
  std::optional<Extractor> early(std::in_place, shared, quick(Pool::kNone, 1, 1));
  Extractor late(shared, {.layer = "block3_pool", .device = "cpu", .threads = 1, .batch_size = 1});  // needs more
  Extractor earlier(shared, {.layer = "block1_pool", .device = "cpu", .threads = 1, .batch_size = 1});
  EXPECT_EQ(extracted(*early, pixels, 1), alone("block2_pool"));
  early.reset();
  EXPECT_EQ(extracted(late, pixels, 1), alone("block3_pool"));
  EXPECT_EQ(extracted(earlier, pixels, 1), alone("block1_pool"));
}

TEST(ExtractorTest, GivesTheSameBitsForAnyBatchSizeAndThreadCount) {
  const std::vector<uint8_t> pixels = random_pictures(3);
  for (const Pool pool : {Pool::kAvg, Pool::k2x2}) {
    Extractor one(weights(), quick(pool, 1, 1));
    const std::vector<float> expected = extracted(one, pixels, 3);
    for (const int batch_size : {2, 8}) {
      for (const int threads : {2, 3}) {
        Extractor extractor(weights(), quick(pool, batch_size, threads));
        EXPECT_EQ(extracted(extractor, pixels, 3), expected) << batch_size << " pictures, " << threads << " threads";
      }
    }
  }
}

TEST(ExtractorTest, PoolsWhatItWouldGiveUnpooled) {
  const std::vector<uint8_t> pixels = random_pictures(2);
  Extractor plain(weights(), quick(Pool::kNone, 2, 2));
  Extractor largest(weights(), quick(Pool::kMax, 2, 2));
  const std::vector<float> all = extracted(plain, pixels, 2);
  const std::vector<float> pooled = extracted(largest, pixels, 2);
  for (size_t n = 0; n < 2; ++n) {
    for (size_t c = 0; c < 128; ++c) {
      float expected = all[n * 56 * 56 * 128 + c];
      for (size_t p = 1; p < size_t{56} * 56; ++p) expected = std::max(expected, all[(n * 56 * 56 + p) * 128 + c]);
      EXPECT_EQ(pooled[n * 128 + c], expected);
    }
  }
}

TEST(ExtractorTest, PoolsFourWindowsOfWhatItWouldGiveUnpooled) {
  const std::vector<uint8_t> pixels = random_pictures(2);
  struct Case {
    const char* layer;
    int side;
    int channels;
  };
  for (const auto& [layer, side, channels] : {Case{"block2_pool", 56, 128}, {"block5_pool", 7, 512}}) {
    SCOPED_TRACE(layer);
    ExtractorOptions options = {.layer = layer, .device = "cpu", .threads = 2, .batch_size = 2};
    Extractor plain(weights(), options);
    options.pool = Pool::k2x2;
    Extractor windows(weights(), options);
    ASSERT_EQ(windows.columns(), 4 * channels);
    const std::vector<float> all = extracted(plain, pixels, 2);
    const std::vector<float> pooled = extracted(windows, pixels, 2);
    const int half = (side + 1) / 2;  // 4 of 7: rows 0 to 3 and 3 to 6
    size_t at = 0;
    for (int n = 0; n < 2; ++n) {
      for (const int top : {0, side - half}) {
        for (const int left : {0, side - half}) {
          for (int c = 0; c < channels; ++c, ++at) {
            double sum = 0;
            for (int y = top; y < top + half; ++y) {
              for (int x = left; x < left + half; ++x) {
                sum += static_cast<double>(all[static_cast<size_t>(((n * side + y) * side + x) * channels + c)]);
              }
            }
            ASSERT_EQ(pooled[at], static_cast<float>(sum / (half * half)))
                << n << " " << top << " " << left << " " << c;
          }
        }
      }
    }
  }
}

TEST(ExtractorTest, FilesGiveTheRowsOfTheirPixels) {
  const TempDir folder;
  write_test_file(folder / "a.jpg", small_jpeg());
  write_test_file(folder / "b.png", small_png({.width = 2, .height = 2}, file_bytes({"\0\x10\x20\1\x30\x40", 6})));
  write_test_file(folder / "c.jpg", "no picture");
  const std::vector<fs::path> paths = {folder / "b.png", folder / "c.jpg", folder / "a.jpg"};

  Extractor extractor(weights(), quick(Pool::kAvg, 2, 2));
  std::vector<std::vector<float>> rows;
  std::vector<std::string> skipped;
  ExtractCallbacks callbacks;
  callbacks.row = [&](int64_t index, std::span<const float> row) {
    EXPECT_EQ(index, rows.empty() ? 0 : 2);
    rows.emplace_back(row.begin(), row.end());
  };
  callbacks.skipped = [&](int64_t index, const std::string& reason) {
    skipped.push_back(std::to_string(index) + " " + reason);
  };
  extractor.extract_files(paths, callbacks);

  EXPECT_EQ(skipped, std::vector<std::string>{"1 not a JPEG or PNG"});
  ASSERT_EQ(rows.size(), 2U);
  for (const size_t i : {0U, 1U}) {
    const auto image = load_image(paths[2 * i]);
    ASSERT_TRUE(image) << image.reason();
    std::vector<uint8_t> pixels(kPictureBytes);
    resize_nearest(image.value(), kInputSide, pixels.data());
    EXPECT_EQ(rows[i], extracted(extractor, pixels, 1));
  }
}

TEST(ExtractorTest, APictureThatHasChangedSinceItWasListedIsSkipped) {
  const TempDir folder;
  fs::create_directory(folder / "cats");
  const FileBytes black = small_png({.width = 2, .height = 1}, file_bytes({"\0\0\0\0\0\0\0", 7}));
  const FileBytes grey = small_png({.width = 2, .height = 1}, file_bytes({"\0\1\1\1\1\1\1", 7}));
  for (const char* name : {"cats/a.png", "cats/b.png", "cats/c.png", "cats/d.jpg"}) {
    write_test_file(folder / name, black);
  }
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  ASSERT_EQ(dataset.pictures.size(), 4U);
  ASSERT_EQ(grey.size(), black.size()) << "so that only the checksum tells";
  write_test_file(folder / "cats/b.png", grey);
  fs::remove(folder / "cats/c.png");
  write_test_file(folder / "cats/d.jpg", small_jpeg());

  std::vector<std::string> events;
  ExtractCallbacks callbacks;
  callbacks.row = [&](int64_t index, std::span<const float>) { events.push_back(std::to_string(index)); };
  callbacks.skipped = [&](int64_t index, const std::string& reason) {
    events.push_back(std::to_string(index) + " " + reason);
  };
  Extractor extractor(weights(), quick(Pool::kAvg, 2, 2));
  extractor.extract_files(folder.path(), dataset.pictures, callbacks);
  EXPECT_EQ(events, (std::vector<std::string>{"0", "1 changed since the folder was listed", "2 no such file",
                                              "3 changed since the folder was listed"}));
}

TEST(ExtractorTest, TakesNoPictures) {
  Extractor extractor(weights(), quick(Pool::kAvg, 2, 1));
  extractor.extract(ImagesIn{}, nullptr);
  extractor.extract_files({}, {});
  EXPECT_THROW(extractor.extract({nullptr, -1}, nullptr), Error);
}

TEST(ExtractorTest, CanBeMoved) {
  const std::vector<uint8_t> pixels = random_pictures(1);
  Extractor first(weights(), quick(Pool::kAvg, 1, 1));
  const std::vector<float> expected = extracted(first, pixels, 1);
  Extractor second(std::move(first));
  EXPECT_EQ(extracted(second, pixels, 1), expected);
}

TEST(ExtractorTest, RefusesOptionsWithoutMeaning) {
  const auto error_of = [](std::shared_ptr<const Weights> from, const ExtractorOptions& options) {
    try {
      Extractor extractor(std::move(from), options);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error_of(weights(), {.batch_size = 0}), "batch size 0, expected 1 to 1024");
  EXPECT_EQ(error_of(weights(), {.batch_size = 1025}), "batch size 1025, expected 1 to 1024");
  EXPECT_EQ(error_of(weights(), {.threads = -1}), "threads -1, expected 0 to 1024");
  EXPECT_THAT(error_of(weights(), {.layer = "block9_pool"}), HasSubstr("block9_pool"));
  EXPECT_EQ(error_of(nullptr, {}), "an extractor needs weights");
}

}  // namespace
}  // namespace vgg16
