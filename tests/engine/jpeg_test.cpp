// JPEG files of every shape: decoding and resizing at once gives what decoding all of the picture and then resizing
// gives, and what is not complete is refused.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/jpeg_encoder.h"
#include "support/pictures.h"
#include "support/resident_memory.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

// decode_resized(), but by an object through which all pictures of this program go.
Result<Image> resized_by_one_object(std::span<const std::byte> file, int side) {
  static PictureResizer resizer;
  Image image{side, side, std::vector<uint8_t>(3 * static_cast<size_t>(side) * static_cast<size_t>(side))};
  try {
    resizer.resize({file}, side, image.pixels.data());
  } catch (const Error& error) {
    return Result<Image>::failure(error.what());
  }
  return image;
}

// Decodes and resizes in both ways. Returns "" if the pixels are equal, the reason if both refuse the file with the
// same one, and otherwise what differs.
std::string both_ways(std::span<const std::byte> file, int side) {
  const auto whole = decode_image(file);
  const auto at_once = resized_by_one_object(file, side);
  if (whole.ok() != at_once.ok()) {
    return "only one way refuses it: " + (whole ? at_once.reason() : whole.reason());
  }
  if (!whole) return whole.reason() == at_once.reason() ? whole.reason() : whole.reason() + " <> " + at_once.reason();
  std::vector<uint8_t> pixels(3 * static_cast<size_t>(side) * static_cast<size_t>(side));
  resize_nearest(whole.value(), side, pixels.data());
  if (at_once.value().height != side || at_once.value().width != side) return "another size";
  const auto differs = std::mismatch(pixels.begin(), pixels.end(), at_once.value().pixels.begin()).first;
  if (differs == pixels.end()) return "";
  return "differs at byte " + std::to_string(differs - pixels.begin());
}

void expect_pixels_of_small_jpeg(const FileBytes& file) {
  EXPECT_EQ(both_ways(file, 224), "");
  const auto image = decode_image(file);
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), kSmallJpegPixelsCrc);
}

JpegSettings with_sampling(SamplingFactors luma, SamplingFactors cb, SamplingFactors cr) {
  JpegSettings settings;
  settings.sampling = {luma, cb, cr, luma};
  return settings;
}

const JpegSettings kCommonSamplings[] = {with_sampling({1, 1}, {1, 1}, {1, 1}), with_sampling({2, 1}, {1, 1}, {1, 1}),
                                         with_sampling({1, 2}, {1, 1}, {1, 1}), with_sampling({2, 2}, {1, 1}, {1, 1}),
                                         with_sampling({4, 1}, {1, 1}, {1, 1}), with_sampling({4, 2}, {1, 1}, {1, 1})};

TEST(DecodeResized, EqualsTheWholeDecodeAtEveryWidth) {
  constexpr int kHeights[] = {1, 2, 17, 33};
  for (JpegSettings settings : kCommonSamplings) {
    for (settings.width = 1; settings.width <= 700; ++settings.width) {
      settings.height = kHeights[settings.width % 4];
      // Every pixel of the wider pictures is looked at; small ones are enlarged.
      EXPECT_EQ(both_ways(encoded_jpeg(settings), std::max(settings.width, 64)), "")
          << settings.width << "x" << settings.height << " " << settings.sampling[0].h << "x" << settings.sampling[0].v;
    }
  }
}

TEST(DecodeResized, EqualsTheWholeDecodeAtEveryHeight) {
  for (JpegSettings settings : kCommonSamplings) {
    settings.width = 19;
    for (settings.height = 1; settings.height <= 260; ++settings.height) {
      EXPECT_EQ(both_ways(encoded_jpeg(settings), 224), "") << settings.height;
    }
  }
}

TEST(DecodeResized, EqualsTheWholeDecodeInEverySampling) {
  int encoded = 0;
  for (int shape = 0; shape < 4096; ++shape) {
    const auto factors = [&](int component) {
      return SamplingFactors{1 + (shape >> (4 * component)) % 4, 1 + (shape >> (4 * component + 2)) % 4};
    };
    JpegSettings settings = with_sampling(factors(0), factors(1), factors(2));
    settings.scan_per_component = true;  // one scan may hold ten blocks only, fewer than some samplings have
    FileBytes file;
    try {
      file = encoded_jpeg(settings);
    } catch (const std::runtime_error&) {
      continue;  // factors that do not divide the largest
    }
    ++encoded;
    EXPECT_EQ(both_ways(file, 48), "") << shape;
  }
  EXPECT_GT(encoded, 1000);
}

TEST(DecodeResized, EqualsTheWholeDecodeInEveryMode) {
  for (const J_COLOR_SPACE colours : {JCS_GRAYSCALE, JCS_YCbCr, JCS_RGB, JCS_CMYK, JCS_YCCK}) {
    for (const bool progressive : {false, true}) {
      for (const int restart_interval : {0, 1, 7}) {
        for (JpegSettings settings : kCommonSamplings) {
          const bool four = colours == JCS_CMYK || colours == JCS_YCCK;
          if (four && settings.sampling[0].h * settings.sampling[0].v > 4) continue;  // a scan holds ten blocks at most
          settings.colours = colours;
          settings.progressive = progressive;
          settings.restart_interval = restart_interval;
          settings.width = 301;
          settings.height = 277;
          EXPECT_EQ(both_ways(encoded_jpeg(settings), 224), "") << colours << progressive << restart_interval;
        }
      }
    }
  }
}

TEST(DecodeResized, EqualsTheWholeDecodeAtTheLargestSides) {
  for (const bool progressive : {false, true}) {
    for (JpegSettings settings : kCommonSamplings) {
      settings.progressive = progressive;
      settings.width = kMaxPictureSide;
      settings.height = 40;
      EXPECT_EQ(both_ways(encoded_jpeg(settings), 224), "");
      std::swap(settings.width, settings.height);
      EXPECT_EQ(both_ways(encoded_jpeg(settings), 224), "");
    }
  }
}

TEST(DecodeResized, EqualsTheWholeDecodeOfPhotographs) {
  const fs::path data = fs::path(VGG16_SOURCE_DIR) / "../shared/data";
  if (!fs::exists(data)) GTEST_SKIP() << "no photographs beside the source tree";
  int pictures = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    if (entry.path().extension() != ".jpg") continue;
    const auto bytes = read_picture(entry.path());
    ASSERT_TRUE(bytes) << entry.path();
    EXPECT_EQ(both_ways(bytes.value(), 224), "") << entry.path();
    ++pictures;
  }
  EXPECT_GT(pictures, 0);
}

TEST(DecodeResized, RefusesWhatIsCutForTheSameReason) {
  for (const bool progressive : {false, true}) {
    JpegSettings settings;
    settings.progressive = progressive;
    settings.restart_interval = 2;
    const FileBytes file = encoded_jpeg(settings);
    for (size_t lost = 1; lost < file.size() - 3; ++lost) {
      const FileBytes cut(file.begin(), file.end() - static_cast<std::ptrdiff_t>(lost));
      EXPECT_THAT(both_ways(cut, 224), testing::StartsWith("truncated")) << lost;
    }
  }
}

TEST(DecodeResized, AgreesWithTheWholeDecodeOnDamagedFiles) {
  std::mt19937 generator(7);
  int taken = 0;
  for (int i = 0; i < 3000; ++i) {
    JpegSettings settings = kCommonSamplings[i % 6];
    settings.progressive = i % 5 == 0;
    settings.restart_interval = i % 7 == 0 ? 3 : 0;
    FileBytes file = encoded_jpeg(settings);
    for (int change = 0; change < 3; ++change) file[generator() % file.size()] = static_cast<std::byte>(generator());
    const std::string result = both_ways(file, 48);
    EXPECT_THAT(result, testing::Not(testing::AnyOf(testing::HasSubstr("only one way"), testing::HasSubstr("<>"),
                                                    testing::HasSubstr("differs"))));
    taken += result.empty() ? 1 : 0;
  }
  EXPECT_GT(taken, 300);
}

#ifndef VGG16_SANITIZED  // sanitizers hold freed memory
TEST(DecodeResized, HoldsTwoBandsOfAPicture) {
  JpegSettings settings;
  settings.width = 8160;
  settings.height = 6120;
  settings.quality = 10;
  const FileBytes file = encoded_jpeg(settings);
  EXPECT_LT(peak_growth_kib([&] { EXPECT_TRUE(decode_resized(file, 224)); }), 20'000);
}
#endif

TEST(DecodeResized, RefusesASideThatIsNone) { EXPECT_THROW((void)decode_resized(small_jpeg(), 0), Error); }

TEST(EncodeJpeg, ComesBackAlmostTheSame) {
  Image image{29, 37, {}};
  for (int i = 0; i < 29 * 37; ++i) {
    for (const int channel : {i % 37 * 5, i / 37 * 8, 120}) image.pixels.push_back(static_cast<uint8_t>(channel));
  }
  const Result<Image> back = decode_image(encode_jpeg(image, 95));
  ASSERT_TRUE(back) << back.reason();
  ASSERT_EQ(back.value().height, 29);
  ASSERT_EQ(back.value().width, 37);
  int64_t difference = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) difference += std::abs(image.pixels[i] - back.value().pixels[i]);
  EXPECT_LT(difference, 3 * std::ssize(image.pixels));
  EXPECT_LT(encode_jpeg(image, 20).size(), encode_jpeg(image, 95).size());
}

TEST(EncodeJpeg, RefusesWhatIsNoPicture) {
  EXPECT_THROW((void)encode_jpeg({2, 2, std::vector<uint8_t>(11)}, 75), Error);
  EXPECT_THROW((void)encode_jpeg({0, 0, {}}, 75), Error);
  EXPECT_THROW((void)encode_jpeg({1, kMaxPictureSide + 1, std::vector<uint8_t>(3 * (kMaxPictureSide + 1))}, 75), Error);
  EXPECT_THROW((void)encode_jpeg({1, 1, std::vector<uint8_t>(3)}, 101), Error);
}

TEST(IncompleteJpeg, OfSomeScansIsRefused) {
  for (const bool progressive : {false, true}) {
    JpegSettings settings;
    settings.progressive = progressive;
    settings.scan_per_component = !progressive;
    const int scans = progressive ? 10 : 3;
    for (settings.scans = 1; settings.scans < scans; ++settings.scans) {
      const FileBytes file = encoded_jpeg(settings);
      EXPECT_EQ(both_ways(file, 224), "truncated: some of its scans are missing") << settings.scans;
      EXPECT_FALSE(inspect_image(file));
    }
    settings.scans = 0;
    EXPECT_EQ(both_ways(encoded_jpeg(settings), 224), "");
  }
}

TEST(ComponentsOfAJpeg, MayAllHaveOneId) {
  FileBytes file = small_jpeg();
  const size_t frame = find_marker(file, 0xC0) + 10;
  const size_t scan = find_marker(file, 0xDA) + 5;
  for (size_t c = 0; c < 3; ++c) file[frame + 3 * c] = file[scan + 2 * c] = std::byte{1};
  expect_pixels_of_small_jpeg(file);
}

// Flash files hold the tables of all their pictures first, as a stream of its own.
TEST(TablesBeforeAJpeg, AreRead) {
  const FileBytes file = small_jpeg();
  const size_t tables = find_marker(file, 0xDB);
  const size_t frame = find_marker(file, 0xC0);
  const size_t huffman = find_marker(file, 0xC4);
  const size_t scan = find_marker(file, 0xDA);
  const auto part = [&](size_t from, size_t to) { return std::span(file).subspan(from, to - from); };
  const auto add_tables = [&](FileBytes& out) {
    append_bytes(out, file_bytes("\xFF\xD8"));
    append_bytes(out, part(tables, frame));
    append_bytes(out, part(huffman, scan));
    append_bytes(out, file_bytes("\xFF\xD9"));
  };
  FileBytes split;
  add_tables(split);
  append_bytes(split, file_bytes("\xFF\xD8"));
  append_bytes(split, part(frame, huffman));
  append_bytes(split, part(scan, file.size()));
  expect_pixels_of_small_jpeg(split);

  FileBytes twice;
  add_tables(twice);
  append_bytes(twice, split);
  EXPECT_EQ(both_ways(twice, 224), "damaged: holds no picture data");
}

FileBytes without_segments(FileBytes jpeg, uint8_t marker) {
  for (auto at = jpeg.begin(); jpeg.end() - at > 3;) {
    if (at[0] == std::byte{0xFF} && at[1] == std::byte{marker}) {
      at = jpeg.erase(at, at + 2 + 256 * std::to_integer<int>(at[2]) + std::to_integer<int>(at[3]));
    } else {
      ++at;
    }
  }
  return jpeg;
}

// Some programs leave out the tables that most pictures have. libjpeg-turbo takes those of the standard (T.81, annex K)
// if all are missing that a baseline picture needs; it must never take those of the picture before.
TEST(TablesOfAJpeg, AreItsOwn) {
  JpegSettings settings;
  settings.quality = 30;  // other tables than libjpeg's usual ones
  for (settings.progressive = false;; settings.progressive = true) {
    const FileBytes file = encoded_jpeg(settings);
    const auto expect_same = [&](uint8_t marker, const std::string& expected) {
      EXPECT_EQ(both_ways(file, 224), "");
      EXPECT_EQ(both_ways(without_segments(file, marker), 224), expected);
    };
    expect_same(0xDB, "damaged: Quantization table 0x00 was not defined");
    expect_same(0xC4, settings.progressive ? "damaged: Huffman table 0x00 was not defined" : "");
    if (settings.progressive) break;
  }
}

TEST(RestartMarkers, ThatAreSwappedOrLostAreDamage) {
  JpegSettings settings;
  settings.restart_interval = 1;
  const FileBytes file = encoded_jpeg(settings);
  const size_t first = find_marker(file, 0xD0);
  const size_t second = find_marker(file, 0xD1);
  FileBytes swapped = file;
  std::swap(swapped[first + 1], swapped[second + 1]);
  FileBytes lost = file;
  lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(second),
             lost.begin() + static_cast<std::ptrdiff_t>(second) + 2);
  for (const FileBytes& changed : {swapped, lost}) {
    EXPECT_EQ(both_ways(changed, 224), "damaged: its restart markers do not match its data");
  }
}

}  // namespace
}  // namespace vgg16
