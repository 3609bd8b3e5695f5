#include "vgg16/image.h"

#include <algorithm>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/pictures.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string inspect_reason(const FileBytes& bytes) {
  const auto seen = inspect_image(bytes);
  return seen ? "accepted" : seen.reason();
}

// inspect_image() and decode_image() refuse a picture with the same message, except where only decoding finds the
// fault.
std::string decode_reason(const FileBytes& bytes) {
  const auto decoded = decode_image(bytes);
  const auto at_once = decode_resized(bytes, 8);
  EXPECT_EQ(at_once ? "" : at_once.reason(), decoded ? "" : decoded.reason());
  const std::string inspected = inspect_reason(bytes);
  if (inspected != "accepted") {
    EXPECT_FALSE(decoded);
    EXPECT_EQ(decoded ? "" : decoded.reason(), inspected);
  }
  return decoded ? "accepted" : decoded.reason();
}

FileBytes with_bytes(FileBytes file, size_t at, std::initializer_list<int> values) {
  for (const int value : values) file.at(at++) = static_cast<std::byte>(value);
  return file;
}

FileBytes inserted(const FileBytes& file, size_t at, const FileBytes& more) {
  FileBytes out(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(at));
  append_bytes(out, more);
  append_bytes(out, std::span(file).subspan(at));
  return out;
}

TEST(Inspect, NamesWhatIsNoJpegOrPng) {
  EXPECT_EQ(inspect_reason({}), "empty file");
  EXPECT_EQ(decode_reason(file_bytes("hello, this is text")), "not a JPEG or PNG");
  EXPECT_EQ(decode_reason(file_bytes("\xFF\xD8")), "not a JPEG or PNG");
  EXPECT_EQ(decode_reason(FileBytes(18)), "not a JPEG or PNG") << "TGA has no signature";
  EXPECT_EQ(decode_reason(file_bytes("BM is no BMP because of two letters")), "not a JPEG or PNG");
  for (const auto& [format, start] : other_formats()) {
    EXPECT_EQ(decode_reason(file_bytes(start)), format + " is not supported");
    EXPECT_EQ(picture_format(file_bytes(start)), format);
  }
  EXPECT_EQ(picture_format(small_jpeg()), "JPEG");
  EXPECT_EQ(picture_format(file_bytes("hello, this is text")), "");
  EXPECT_EQ(decode_reason(file_bytes(" \n<!DOCTYPE html><html>")), "not a JPEG or PNG but an HTML page");
  EXPECT_EQ(decode_reason(file_bytes("<HTML>404")), "not a JPEG or PNG but an HTML page");
  EXPECT_EQ(decode_reason(file_bytes("version https://git-lfs.github.com/spec/v1\n")),
            "not a JPEG or PNG but a Git LFS pointer");
}

TEST(Inspect, TakesNoMoreBytesThanAPictureMayHave) {
  FileBytes big = small_jpeg();
  big.resize(kMaxPictureBytes + 1);
  EXPECT_EQ(decode_reason(big), "65 MB is over the limit of 64 MB");
}

TEST(Jpeg, DecodesAsPillowDoes) {
  const FileBytes file = small_jpeg();
  const auto seen = inspect_image(file);
  ASSERT_TRUE(seen) << seen.reason();
  EXPECT_EQ(seen.value().width, 17);
  EXPECT_EQ(seen.value().height, 13);
  EXPECT_TRUE(seen.value().pixels.empty());
  const auto image = decode_image(file);
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(image.value().width, 17);
  EXPECT_EQ(image.value().height, 13);
  ASSERT_EQ(image.value().pixels.size(), 17U * 13U * 3U);
  EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), kSmallJpegPixelsCrc);
}

TEST(Jpeg, RefusesEveryCut) {
  const FileBytes file = small_jpeg();
  for (size_t size = 3; size < file.size(); ++size) {
    const FileBytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THAT(decode_reason(cut), StartsWith("truncated")) << size << " bytes";
  }
}

TEST(Jpeg, RefusesAPictureThatWasCutAndClosedAgain) {
  const FileBytes file = small_jpeg();
  for (size_t lost = 3; lost <= 20; ++lost) {
    FileBytes cut(file.begin(), file.end() - 2 - static_cast<std::ptrdiff_t>(lost));
    append_bytes(cut, file_bytes("\xFF\xD9"));
    EXPECT_EQ(inspect_reason(cut), "accepted");
    EXPECT_THAT(decode_reason(cut), StartsWith("truncated")) << "without the last " << lost << " bytes";
  }
}

TEST(Jpeg, AcceptsWhatHarmsNoPixel) {
  const FileBytes file = small_jpeg();
  const size_t frame = find_marker(file, 0xC0);
  const FileBytes harmless[] = {
      inserted(file, file.size(), file_bytes("appended by a camera")),
      inserted(file, frame, file_bytes("\xFF\xFF\xFF")),
      inserted(file, frame, file_bytes("stray bytes")),
      inserted(file, frame, file_bytes({"\xFF\xFE\x00\x07note!", 9})),
      inserted(file, file.size() - 2, file_bytes("stray bytes")),
  };
  for (const FileBytes& changed : harmless) {
    const auto image = decode_image(changed);
    ASSERT_TRUE(image) << image.reason();
    EXPECT_EQ(crc32_of(image.value().pixels.data(), image.value().pixels.size()), kSmallJpegPixelsCrc);
  }
}

TEST(Jpeg, NamesTheKindsItDoesNotDecode) {
  const FileBytes file = small_jpeg();
  const size_t frame = find_marker(file, 0xC0);
  const auto of_kind = [&](int marker) { return decode_reason(with_bytes(file, frame + 1, {marker})); };
  EXPECT_EQ(of_kind(0xC1), "accepted") << "extended is baseline with more tables";
  EXPECT_EQ(of_kind(0xC3), "lossless JPEG is not supported");
  EXPECT_EQ(of_kind(0xC5), "hierarchical JPEG is not supported");
  EXPECT_EQ(of_kind(0xC6), "hierarchical JPEG is not supported");
  EXPECT_EQ(of_kind(0xC7), "lossless JPEG is not supported");
  for (const int arithmetic : {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}) {
    EXPECT_EQ(of_kind(arithmetic), "arithmetic-coded JPEG is not supported");
  }
  EXPECT_EQ(decode_reason(with_bytes(file, frame + 4, {12})), "12-bit JPEG is not supported");
  EXPECT_EQ(decode_reason(with_bytes(file, frame + 9, {2})), "a JPEG of 2 colour components is not supported");
}

TEST(Jpeg, RefusesImpossibleSizes) {
  const FileBytes file = small_jpeg();
  const size_t size = find_marker(file, 0xC0) + 5;
  EXPECT_EQ(decode_reason(with_bytes(file, size, {0, 0})), "has no pixels (17x0)");
  EXPECT_EQ(decode_reason(with_bytes(file, size + 2, {0, 0})), "has no pixels (0x13)");
  EXPECT_EQ(decode_reason(with_bytes(file, size, {0xFF, 0xDC, 0xFF, 0xDC})),
            "65500x65500 is over the limit of 50 megapixels");
  EXPECT_EQ(decode_reason(with_bytes(file, size, {0x40, 0x01})), "17x16385 is over the limit of 16384 pixels a side");
  EXPECT_EQ(inspect_reason(with_bytes(file, size, {0x40, 0x00})), "accepted");
  EXPECT_THAT(decode_reason(with_bytes(file, size, {0x40, 0x00})), StartsWith("truncated"));
}

TEST(Jpeg, RefusesMarkersThatMakeNoSense) {
  const FileBytes file = small_jpeg();
  const size_t frame = find_marker(file, 0xC0);
  const size_t scan = find_marker(file, 0xDA);
  const FileBytes frame_header(file.begin() + static_cast<std::ptrdiff_t>(frame),
                               file.begin() + static_cast<std::ptrdiff_t>(frame) + 19);
  EXPECT_EQ(decode_reason(inserted(file, frame, frame_header)), "damaged: two frame headers");
  EXPECT_EQ(decode_reason(inserted(file, frame, file_bytes("\xFF\xD8"))),
            "damaged: a marker that is not allowed in this place");
  EXPECT_EQ(decode_reason(inserted(file, frame, file_bytes("\xFF\x02"))), "damaged: Unsupported marker type 0x02");
  EXPECT_EQ(decode_reason(inserted(file, frame, file_bytes({"\xFF\xE5\x00\x01", 4}))),
            "damaged: a segment without a length");
  EXPECT_EQ(decode_reason(inserted(file, frame, file_bytes("\xFF\xD9"))), "damaged: holds no picture data");
  EXPECT_EQ(decode_reason(inserted(file, frame, file_bytes({"\xFF\xDA\x00\x02", 4}))),
            "damaged: a scan before the frame header");
  EXPECT_EQ(decode_reason(with_bytes(file, frame + 3, {5})), "damaged: its frame header is too short");
  EXPECT_THAT(decode_reason(with_bytes(file, scan + 4, {9})), StartsWith("damaged: ")) << "nine components in a scan";
}

TEST(Jpeg, LimitsTheNumberOfScans) {
  const FileBytes file = small_jpeg();
  const size_t scan = find_marker(file, 0xDA);
  const auto with_scans = [&](FileBytes base, int count) {
    const FileBytes header(base.begin() + static_cast<std::ptrdiff_t>(scan),
                           base.begin() + static_cast<std::ptrdiff_t>(scan) + 14);
    FileBytes more;
    for (int i = 1; i < count; ++i) append_bytes(more, header);
    return inserted(base, scan, more);
  };
  EXPECT_EQ(inspect_reason(with_scans(file, 100)), "accepted");
  EXPECT_EQ(decode_reason(with_scans(file, 101)), "too many scans: more than 100");
  EXPECT_EQ(decode_reason(with_scans(file, 1000)), "too many scans: more than 100");
  const FileBytes large = with_bytes(file, find_marker(file, 0xC0) + 5, {0x1B, 0x58, 0x1B, 0x58});  // 7000 x 7000
  EXPECT_EQ(inspect_reason(with_scans(large, 20)), "accepted");
  EXPECT_EQ(decode_reason(with_scans(large, 21)), "too many scans for a picture of this size: 21 or more");
}

FileBytes grey_png() { return small_png({.width = 2, .height = 2}, file_bytes({"\0\x10\x20\1\x30\x40", 6})); }

TEST(Png, DecodesGreyThroughAFilter) {
  const auto image = decode_image(grey_png());
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(image.value().width, 2);
  EXPECT_EQ(image.value().height, 2);
  EXPECT_EQ(image.value().pixels,
            (std::vector<uint8_t>{0x10, 0x10, 0x10, 0x20, 0x20, 0x20, 0x30, 0x30, 0x30, 0x70, 0x70, 0x70}));
}

TEST(Png, KeepsTheHighByteOf16BitSamples) {
  const auto grey = decode_image(small_png({.width = 2, .depth = 16}, file_bytes({"\0\x12\xFF\x80\x01", 5})));
  ASSERT_TRUE(grey) << grey.reason();
  EXPECT_EQ(grey.value().pixels, (std::vector<uint8_t>{0x12, 0x12, 0x12, 0x80, 0x80, 0x80}));
  const auto rgba =
      decode_image(small_png({.depth = 16, .colour = 6}, file_bytes({"\0\x12\xFF\x34\xFF\x56\xFF\0\0", 9})));
  ASSERT_TRUE(rgba) << rgba.reason();
  EXPECT_EQ(rgba.value().pixels, (std::vector<uint8_t>{0x12, 0x34, 0x56})) << "alpha is dropped, not blended";
}

TEST(Png, GivesBlackForSamplesOutsideThePalette) {
  const auto image =
      decode_image(png_of({png_header({.width = 2, .colour = 3}), png_chunk("PLTE", file_bytes("abc")),
                           png_chunk("IDAT", deflated(file_bytes({"\0\0\xC8", 3}))), png_chunk("IEND", {})}));
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(image.value().pixels, (std::vector<uint8_t>{'a', 'b', 'c', 0, 0, 0}));
}

TEST(Png, RefusesEveryCut) {
  const FileBytes file = grey_png();
  for (size_t size = 1; size < file.size(); ++size) {
    const FileBytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string reason = decode_reason(cut);
    EXPECT_THAT(reason, StartsWith(size < 8 ? "not a JPEG or PNG" : "truncated")) << size << " bytes";
  }
}

TEST(Png, RefusesEveryFlippedBit) {
  const FileBytes file = grey_png();
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    FileBytes flipped = file;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_NE(inspect_reason(flipped), "accepted") << "bit " << bit;
  }
}

TEST(Png, AcceptsBytesBehindTheEnd) {
  EXPECT_EQ(decode_reason(inserted(grey_png(), grey_png().size(), file_bytes("appended"))), "accepted");
}

TEST(Png, RefusesImpossibleSizes) {
  const auto of_size = [](uint32_t width, uint32_t height) {
    return decode_reason(small_png({.width = width, .height = height}, FileBytes(3)));
  };
  EXPECT_EQ(of_size(30000, 30000), "30000x30000 is over the limit of 50 megapixels");
  EXPECT_EQ(of_size(0xFFFFFFFF, 0xFFFFFFFF), "4294967295x4294967295 is over the limit of 50 megapixels");
  EXPECT_EQ(of_size(16385, 1), "16385x1 is over the limit of 16384 pixels a side");
  EXPECT_EQ(of_size(0, 4), "has no pixels (0x4)");
  EXPECT_EQ(of_size(4, 0), "has no pixels (4x0)");
}

TEST(Png, RefusesHeadersOfNoKnownKind) {
  const std::string unknown = "damaged: its header has an unknown colour type, bit depth or method";
  for (const PngHeader& header : {PngHeader{.depth = 3}, PngHeader{.depth = 4, .colour = 2},
                                  PngHeader{.depth = 16, .colour = 3}, PngHeader{.colour = 1}, PngHeader{.colour = 7},
                                  PngHeader{.compression = 1}, PngHeader{.filter = 1}, PngHeader{.interlace = 2}}) {
    EXPECT_EQ(decode_reason(small_png(header, FileBytes(8))), unknown);
  }
}

TEST(Png, RefusesChunksThatMakeNoSense) {
  const FileBytes header = png_header({});
  const FileBytes data = png_chunk("IDAT", deflated(FileBytes(2)));
  const FileBytes text = png_chunk("tEXt", file_bytes("a note"));
  const FileBytes end = png_chunk("IEND", {});
  EXPECT_EQ(decode_reason(png_of({header, text, data, text, end})), "accepted");
  EXPECT_EQ(decode_reason(png_of({text, header, data, end})), "damaged: does not begin with its header");
  EXPECT_EQ(decode_reason(png_of({header, header, data, end})), "damaged: two headers");
  EXPECT_EQ(decode_reason(png_of({png_chunk("IHDR", FileBytes(12)), data, end})),
            "damaged: its header has the wrong length");
  EXPECT_EQ(decode_reason(png_of({header, end})), "damaged: holds no picture data");
  EXPECT_EQ(decode_reason(png_of({header, png_chunk("IDAT", {}), end})), "damaged: holds no picture data");
  EXPECT_EQ(decode_reason(png_of({header, data, text, data, end})), "damaged: its picture data is interrupted");
  EXPECT_EQ(decode_reason(png_of({png_header({.colour = 3}), data, end})), "damaged: its palette is missing");
  EXPECT_EQ(decode_reason(png_of({header, png_chunk("PLTE", FileBytes(4)), data, end})),
            "damaged: its palette has the wrong length");
  EXPECT_EQ(decode_reason(png_of({header, png_chunk("PLTE", FileBytes(771)), data, end})),
            "damaged: its palette has the wrong length");
}

// A PNG whose rows are `raw` and whose compressed data `change` changes.
template <class Change>
FileBytes png_with_data(const PngHeader& header, const FileBytes& raw, Change change) {
  FileBytes data = deflated(raw);
  change(data);
  return png_of({png_header(header), png_chunk("IDAT", data), png_chunk("IEND", {})});
}

TEST(Png, RefusesDataThatIsNotItsPixels) {
  EXPECT_EQ(decode_reason(small_png({.width = 2, .height = 2}, FileBytes(5))),
            "truncated: its data ends before the last pixel")
      << "a byte short";
  EXPECT_EQ(decode_reason(small_png({}, file_bytes("\x07\x01"))), "damaged: a row has filter 7, expected 0 to 4");
  EXPECT_EQ(
      decode_reason(png_of({png_header({}), png_chunk("IDAT", file_bytes("not zlib data")), png_chunk("IEND", {})})),
      "damaged: its data cannot be decompressed");
  const auto flip_last = [](FileBytes& data) { data.back() ^= std::byte{1}; };
  EXPECT_EQ(decode_reason(png_with_data({}, FileBytes(2), flip_last)), "damaged: its data cannot be decompressed")
      << "the checksum at the end of the data";
}

TEST(Png, IsTakenOnceAllRowsAreThere) {
  const FileBytes raw = file_bytes({"\0\x10\x20\1\x30\x40", 6});
  const auto without_end = [](size_t lost) { return [=](FileBytes& data) { data.resize(data.size() - lost); }; };
  const PngHeader header = {.width = 2, .height = 2};
  for (const size_t lost : {1U, 4U}) {
    EXPECT_EQ(decode_reason(png_with_data(header, raw, without_end(lost))), "accepted") << lost;
  }
  EXPECT_EQ(decode_reason(png_with_data(header, raw, [](FileBytes& data) { append_bytes(data, file_bytes("more")); })),
            "accepted");
  // Stored blocks: six bytes of a block that claims nine, so its end is missing; then five of six.
  const FileBytes start = file_bytes({"\x78\x01\x01\x09\0\xF6\xFF", 7});
  for (const size_t rows : {6U, 5U}) {
    FileBytes data = start;
    append_bytes(data, std::span(raw).first(rows));
    EXPECT_EQ(decode_reason(png_of({png_header(header), png_chunk("IDAT", data), png_chunk("IEND", {})})),
              rows == 6 ? "accepted" : "truncated: its data ends before the last pixel");
  }
}

TEST(Png, DataMayBeInAnyNumberOfChunks) {
  const FileBytes data = deflated(file_bytes({"\0\x10\x20\1\x30\x40", 6}));
  for (const bool damaged : {false, true}) {
    std::vector<FileBytes> chunks = {png_header({.width = 2, .height = 2})};
    for (const std::byte byte : data) {
      chunks.push_back(png_chunk("IDAT", {byte}));
      chunks.push_back(png_chunk("IDAT", {}));
    }
    if (damaged) chunks[chunks.size() - 2] = png_chunk("IDAT", {data.back() ^ std::byte{1}});
    chunks.push_back(png_chunk("IEND", {}));
    EXPECT_EQ(decode_reason(png_of(chunks)), damaged ? "damaged: its data cannot be decompressed" : "accepted");
  }
}

TEST(Png, DecompressesNoMoreThanItsRows) {
  EXPECT_EQ(decode_reason(small_png({}, FileBytes(100'000))), "accepted") << "some writers append zeros";
  EXPECT_EQ(decode_reason(small_png({}, FileBytes(64 << 20))), "accepted");
}

TEST(Png, TakesEveryKindOfTheLargestSize) {
  for (const uint8_t interlace : {uint8_t{0}, uint8_t{1}}) {
    for (const uint8_t depth : {uint8_t{8}, uint8_t{16}}) {
      EXPECT_EQ(decode_reason(small_png(
                    {.width = 10'000, .height = 5'000, .depth = depth, .colour = 6, .interlace = interlace}, {})),
                "truncated: its data ends before the last pixel");
      constexpr uint32_t kSide = 3200;
      const size_t filter_bytes = kSide * (interlace == 0 ? 1 : 2);
      const FileBytes file =
          small_png({.width = kSide, .height = kSide, .depth = depth, .colour = 6, .interlace = interlace},
                    FileBytes(size_t{kSide} * kSide * 4 * (depth / 8) + filter_bytes));
      EXPECT_EQ(decode_reason(file), "accepted") << int{depth} << " bits, interlace " << int{interlace};
    }
  }
}

TEST(Png, AnInterlacedPictureMayHavePassesWithoutPixels) {
  // One column of four rows: passes 1, 5 and 7 have rows 0, 2, and 1 and 3; pass 3, 4 and 6 have no pixel of theirs.
  const auto image =
      decode_image(small_png({.width = 1, .height = 4, .interlace = 1}, file_bytes({"\0\x10\0\x20\0\x30\2\x11", 8})));
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(image.value().pixels,
            (std::vector<uint8_t>{0x10, 0x10, 0x10, 0x30, 0x30, 0x30, 0x20, 0x20, 0x20, 0x41, 0x41, 0x41}));
}

TEST(Png, NamesApplesOwnKind) {
  EXPECT_EQ(decode_reason(png_of({png_chunk("CgBI", FileBytes(4)), png_header({}), png_chunk("IDAT", FileBytes(9)),
                                  png_chunk("IEND", {})})),
            "Apple's CgBI PNG, as Xcode makes, is not supported; convert it with "
            "xcrun -sdk iphoneos pngcrush -revert-iphone-optimizations IN OUT");
}

TEST(Decode, SurvivesDamageAndSaysNothing) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    FileBytes file = small_jpeg();
    for (int i = 0; i < 3; ++i) file[2 + random() % (file.size() - 2)] = static_cast<std::byte>(random());
    refused += decode_image(file) ? 0 : 1;
    FileBytes raw(1 + random() % 60);
    std::generate(raw.begin(), raw.end(), [&] { return static_cast<std::byte>(random() % 6); });
    FileBytes packed = deflated(raw);
    packed[random() % packed.size()] = static_cast<std::byte>(random());
    const PngHeader header = {.width = 1 + static_cast<uint32_t>(random() % 5),
                              .height = 1 + static_cast<uint32_t>(random() % 5),
                              .depth = static_cast<uint8_t>(1U << random() % 5),
                              .colour = static_cast<uint8_t>(random() % 7),
                              .interlace = static_cast<uint8_t>(random() % 2)};
    (void)decode_image(png_of(
        {png_header(header), png_chunk("PLTE", FileBytes(9)), png_chunk("IDAT", packed), png_chunk("IEND", {})}));
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(refused, 1000);
}

TEST(Decode, GivesTheSameOnManyThreads) {
  const FileBytes cut = small_png({.width = 2, .height = 2}, FileBytes(5));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto jpeg = decode_image(small_jpeg());
        const auto png = decode_image(grey_png());
        const bool right = jpeg && png && png.value().pixels.back() == 0x70 &&
                           crc32_of(jpeg.value().pixels.data(), jpeg.value().pixels.size()) == kSmallJpegPixelsCrc;
        wrong[t] += right && !decode_image(cut) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(LoadImage, ReadsAndDecodes) {
  const TempDir folder;
  write_test_file(folder / "photo.png", small_jpeg());  // told apart by content, not by name
  const auto image = load_image(folder / "photo.png");
  ASSERT_TRUE(image) << image.reason();
  EXPECT_EQ(image.value().width, 17);
  EXPECT_EQ(load_image(folder / "missing.png").reason(), "no such file");
  write_test_file(folder / "text.jpg", "text");
  EXPECT_EQ(load_image(folder / "text.jpg").reason(), "not a JPEG or PNG");
}

}  // namespace
}  // namespace vgg16
