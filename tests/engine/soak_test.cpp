// A long extraction with a fake network: memory does not grow with the number of pictures, and no file stays open.
// VGG16_TEST_SOAK sets the number of pictures, 2,000 by default.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "extract/pipeline.h"
#include "extract/rows.h"
#include "support/feature_rows.h"
#include "support/pictures.h"
#include "support/resident_memory.h"
#include "support/temp_dir.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

constexpr int kBatch = 32;
constexpr int64_t kColumns = 512;

// Replaces the network: fills a row with the picture's first pixel.
class StandIn : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "stand-in"; }
  [[nodiscard]] std::string_view instruction_set() const override { return "none"; }
  [[nodiscard]] int max_batch() const override { return kBatch; }
  void forward(ImagesIn images, Stop /*stop*/, HostOut features) override {
    constexpr int64_t kPicture = int64_t{3} * 224 * 224;
    for (int n = 0; n < images.n; ++n) {
      std::fill_n(features.data + n * kColumns, kColumns, static_cast<float>(images.data[n * kPicture]));
    }
  }
};

int64_t open_files() { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()); }

TEST(Soak, MemoryAndOpenFilesStayAsTheyAre) {
  const char* wanted = std::getenv("VGG16_TEST_SOAK");
  const int64_t pictures = wanted == nullptr ? 2'000 : std::atoll(wanted);
  const TempDir folder;
  write_test_file(folder / "0.jpg", small_jpeg());
  write_test_file(folder / "1.png", small_png({.width = 300, .height = 200, .colour = 2}, FileBytes(200 * 901)));
  write_test_file(folder / "2.jpg", "text");
  std::vector<fs::path> paths;
  for (int64_t i = 0; i < pictures; ++i) {
    paths.push_back(folder / (i % 100 == 7 ? "2.jpg" : i % 2 == 0 ? "0.jpg" : "1.png"));
  }

  StandIn backend;
  RowComputer rows(backend, {.pool = Pool::kAvg});
  ASSERT_EQ(rows.columns(), kColumns);
  FeatureFileWriter file(folder / "a.h5", test_plan(pictures, kColumns), {.rows_per_commit = 100});
  std::vector<int64_t> resident;  // one value for every hundredth part of the pictures
  std::vector<int64_t> files;
  ExtractCallbacks callbacks;
  int64_t seen = 0;
  const auto count = [&] {
    if (++seen % (pictures / 100) != 0) return;
    resident.push_back(resident_kib());
    files.push_back(open_files());
  };
  callbacks.row = [&](int64_t index, std::span<const float> row) {
    file.write(index, row);
    count();
  };
  callbacks.skipped = [&](int64_t index, const std::string& reason) {
    file.drop(index, reason);
    count();
  };
  const auto load = [](int64_t, const fs::path& path) { return load_image(path); };
  static_cast<void>(run_pipeline({&rows, 1}, paths, load, callbacks, {.batch_size = kBatch, .decode_threads = 2}));
  file.finish();

  ASSERT_EQ(seen, pictures);
  ASSERT_EQ(resident.size(), 100U);
  const auto [least_files, most_files] = std::minmax_element(files.begin() + 10, files.end());
  // A decoder may have its one picture open at the moment of counting, each of them.
  EXPECT_LE(*most_files - *least_files, 2);
  std::printf(
      "  %lld pictures: %lld KiB resident at the tenth part, %lld at half, %lld at the end; %lld to %lld files open\n",
      static_cast<long long>(pictures), static_cast<long long>(resident[9]), static_cast<long long>(resident[50]),
      static_cast<long long>(resident.back()), static_cast<long long>(*least_files),
      static_cast<long long>(*most_files));
#ifndef VGG16_SANITIZED  // AddressSanitizer keeps up to 256 MB of what is freed, and its books on it
  // The reasons of a hundredth of the pictures stay in memory.
  EXPECT_LE(resident.back() - resident[50], 1024 + pictures / 100) << "KiB in the second half";
#endif
  EXPECT_EQ(open_feature_file(folder / "a.h5").rows, pictures - pictures / 100);
}

}  // namespace
}  // namespace vgg16
