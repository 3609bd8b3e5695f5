// Pixel by pixel against Pillow, which the script in tests/python runs.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/resize.h"
#include "support/pictures.h"
#include "support/python.h"
#include "support/temp_dir.h"
#include "vgg16/image.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

class AgainstPillow : public PythonTest {
 protected:
  void SetUp() override { need_python("PIL"); }

  void make_pictures(const std::string& arguments) { ASSERT_EQ(run_script("make_pictures.py", arguments), 0); }

  static std::vector<uint8_t> read_bytes(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  static std::vector<uint8_t> resized(const Image& image) {
    std::vector<uint8_t> pixels(3 * kInputSide * kInputSide);
    resize_nearest(image, kInputSide, pixels.data());
    return pixels;
  }

  // Largest absolute difference between two pictures of the same size.
  static int distance(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
    if (a.size() != b.size()) return 256;
    int largest = 0;
    for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
  }

  // What Pillow made of damaged pictures: NUMBER.jpg or NUMBER.png.
  struct Verdict {
    int number = 0;
    int accepted = 0;
    uint32_t crc = 0;  // of the pixels
  };

  std::vector<Verdict> verdicts() {
    std::ifstream list(folder_ / "accepted.txt");
    std::vector<Verdict> all;
    int width = 0;
    int height = 0;
    for (Verdict v; list >> v.number >> v.accepted >> width >> height >> v.crc;) all.push_back(v);
    return all;
  }

  TempDir folder_;
};

TEST_F(AgainstPillow, EveryKindOfPictureIsEqual) {
  ASSERT_NO_FATAL_FAILURE(make_pictures("pictures " + quoted(folder_.path())));
  std::ifstream index(folder_ / "index.txt");
  std::string name;
  int width = 0;
  int height = 0;
  int pictures = 0;
  while (index >> name >> width >> height) {
    SCOPED_TRACE(name);
    const auto image = load_image(folder_ / name);
    ASSERT_TRUE(image) << image.reason();
    EXPECT_EQ(image.value().width, width);
    EXPECT_EQ(image.value().height, height);
    EXPECT_EQ(distance(image.value().pixels, read_bytes(folder_ / (name + ".rgb"))), 0);
    const std::vector<uint8_t> expected = read_bytes(folder_ / (name + ".224"));
    EXPECT_EQ(distance(resized(image.value()), expected), 0);
    EXPECT_EQ(distance(load_resized(folder_ / name, kInputSide).value().pixels, expected), 0);
    ++pictures;
  }
  EXPECT_GT(pictures, 500);
}

TEST_F(AgainstPillow, EveryResizeIndexIsEqual) {
  ASSERT_NO_FATAL_FAILURE(make_pictures("indices " + quoted(folder_.path())));
  const std::vector<uint8_t> expected = read_bytes(folder_ / "indices.bin");
  ASSERT_EQ(expected.size(), 4000U * 224U * 4U);
  for (int side = 1; side <= 4000; ++side) {
    const std::vector<int> indices = nearest_indices(side, kInputSide);
    EXPECT_EQ(std::memcmp(indices.data(), expected.data() + (side - 1) * 224 * 4, 224 * 4), 0) << side;
  }
}

TEST_F(AgainstPillow, PhotographsAreEqual) {
  const fs::path data = fs::path(VGG16_SOURCE_DIR) / "../shared/data";
  if (!fs::exists(data)) GTEST_SKIP() << "no photographs beside the source tree";
  ASSERT_NO_FATAL_FAILURE(make_pictures("checksums " + quoted(data) + " " + quoted(folder_.path())));
  std::ifstream sums(folder_ / "checksums.txt");
  int width = 0;
  int height = 0;
  uint32_t crc = 0;
  uint32_t resized_crc = 0;
  std::string path;
  int pictures = 0;
  while (sums >> width >> height >> crc >> resized_crc && std::getline(sums >> std::ws, path)) {
    SCOPED_TRACE(path);
    const auto image = load_image(path);
    ASSERT_TRUE(image) << image.reason();
    const std::vector<uint8_t> small = resized(image.value());
    EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), crc);
    EXPECT_EQ(crc32_of(small.data(), small.size()), resized_crc);
    ++pictures;
  }
  EXPECT_GT(pictures, 0);
  RecordProperty("pictures", pictures);
}

// Pillow accepts what libjpeg decodes of a damaged file, and so does the program, with equal pixels. The exception are
// files whose coded data ends before the picture is complete: libjpeg fills the rest with grey, and the program refuses
// them.
TEST_F(AgainstPillow, DamagedPicturesAreTruncatedOrEqual) {
  ASSERT_NO_FATAL_FAILURE(make_pictures("damaged " + quoted(folder_.path())));
  int decoded = 0;
  for (const auto& [number, accepted, crc] : verdicts()) {
    SCOPED_TRACE(number);
    const auto image = load_image(folder_ / (std::to_string(number) + ".jpg"));
    if (!image && accepted == 1) {
      EXPECT_THAT(image.reason(), testing::AnyOf("truncated: its data ends before the last pixel",
                                                 "truncated: some of its scans are missing",
                                                 "damaged: its restart markers do not match its data"));
    } else if (image) {
      EXPECT_EQ(accepted, 1) << "Pillow refuses it";
      EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), crc);
      ++decoded;
    }
  }
  EXPECT_GT(decoded, 500);
}

// What the program takes of damaged PNGs, Pillow takes with equal pixels. The other way round, Pillow takes some that
// the program refuses: whose rows are missing, whose palette is missing, or whose header says something impossible.
TEST_F(AgainstPillow, DamagedPngsAreRefusedOrEqual) {
  ASSERT_NO_FATAL_FAILURE(make_pictures("damaged_pngs " + quoted(folder_.path())));
  int decoded = 0;
  int refused_here_alone = 0;
  for (const auto& [number, accepted, crc] : verdicts()) {
    SCOPED_TRACE(number);
    const auto image = load_image(folder_ / (std::to_string(number) + ".png"));
    if (!image) {
      refused_here_alone += accepted;
      continue;
    }
    EXPECT_EQ(accepted, 1) << "Pillow refuses it";
    EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), crc);
    ++decoded;
  }
  RecordProperty("decoded", decoded);
  RecordProperty("refused_here_alone", refused_here_alone);
  EXPECT_GT(decoded, 500);
}

TEST_F(AgainstPillow, CasesThatWentWrongAreEqual) {
  const fs::path lie = fs::path(VGG16_SOURCE_DIR) / "../shared/cases/png/stored_lie.png";
  if (!fs::exists(lie)) GTEST_SKIP() << "no cases beside the source tree";
  fs::copy_file(lie, folder_ / "lie.png");
  ASSERT_NO_FATAL_FAILURE(make_pictures("checksums " + quoted(folder_.path()) + " " + quoted(folder_.path())));
  std::ifstream sums(folder_ / "checksums.txt");
  int width = 0;
  int height = 0;
  uint32_t crc = 0;
  ASSERT_TRUE(sums >> width >> height >> crc);
  const auto image = load_image(lie);
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), crc);
}

}  // namespace
}  // namespace vgg16
