#include "vocabulary/file_kind.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

namespace vgg16 {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

FileKind kind_of(std::string_view bytes) { return file_kind(std::as_bytes(std::span(bytes))); }

TEST(FileKind, IsToldByTheFirstBytes) {
  EXPECT_EQ(kind_of(kHdf5Signature), FileKind::kHdf5);
  EXPECT_EQ(kind_of(kPngSignature), FileKind::kPng);
  EXPECT_EQ(kind_of("\xFF\xD8\xFF\xE0"), FileKind::kJpeg);
  EXPECT_EQ(kind_of("GIF89a"), FileKind::kGif);
  EXPECT_EQ(kind_of("GIF87a"), FileKind::kGif);
  for (const std::string_view start : {"II*\0"sv, "MM\0*"sv, "II+\0\x08\0\0\0"sv, "MM\0+\0\x08\0\0"sv}) {
    EXPECT_EQ(kind_of(start), FileKind::kTiff);
  }
  EXPECT_EQ(kind_of("RIFF....WEBPVP8 "), FileKind::kWebp);
  EXPECT_EQ(kind_of("\0\0\0\x0CjP  \r\n\x87\n"sv), FileKind::kJpeg2000);
  EXPECT_EQ(kind_of("\xFF\x4F\xFF\x51"), FileKind::kJpeg2000);
  EXPECT_EQ(kind_of("\0\0\0\x0CJXL \r\n\x87\n"sv), FileKind::kJpegXl);
  EXPECT_EQ(kind_of("\xFF\x0A\xFA\x1F"), FileKind::kJpegXl);
  EXPECT_EQ(kind_of("\x80\x04\x95"), FileKind::kPickle);
  EXPECT_EQ(kind_of("ccopy_reg\n_reconstructor"), FileKind::kPickle);
  EXPECT_EQ(kind_of("\x93NUMPY\1"), FileKind::kNumpy);
  EXPECT_EQ(kind_of("PK\3\4"), FileKind::kZip);
  EXPECT_EQ(kind_of("\x1F\x8B\x08"), FileKind::kGzip);
  EXPECT_EQ(kind_of("\x28\xB5\x2F\xFD"), FileKind::kZstd);
  EXPECT_EQ(kind_of("version https://git-lfs.github.com/spec/v1\n"), FileKind::kGitLfs);
  EXPECT_EQ(kind_of("\177ELF\2"), FileKind::kProgram);
  EXPECT_EQ(kind_of("%PDF-1.7"), FileKind::kPdf);
  EXPECT_EQ(kind_of("{\"a\": 1}"), FileKind::kJson);
  EXPECT_EQ(kind_of("MATLAB 5.0 MAT-file, Platform"), FileKind::kMatlab);
  EXPECT_EQ(kind_of("MATLAB 7.3 MAT-file, Platform"), FileKind::kMatlab73);
  EXPECT_EQ(kind_of("\x08\x07\x12\x07pytorch\x1A"), FileKind::kOnnx);
  EXPECT_EQ(kind_of("PAR1\x15\x04"), FileKind::kParquet);
  EXPECT_EQ(kind_of("\x08\x07\x12\x07pyt\x01rch\x1A"), FileKind::kUnknown);
  EXPECT_EQ(kind_of("a,b\r\n1,2\r\n"), FileKind::kText);
  EXPECT_EQ(kind_of("Wei\xC3\x9F"
                    "e Katzen"),
            FileKind::kText);
}

TEST(FileKind, ABmpHasASecondHeaderOfAKnownLength) {
  const std::string start = "BM\x46\0\0\0\0\0\0\0\x36\0\0\0"s;
  for (const int length : {12, 16, 40, 52, 56, 64, 108, 124}) {
    EXPECT_EQ(kind_of(start + static_cast<char>(length) + "\0\0\0"s), FileKind::kBmp) << length;
  }
  EXPECT_EQ(kind_of(start + "\x29\0\0\0"s), FileKind::kUnknown);
  EXPECT_EQ(kind_of(start + "\x28\0\0"s), FileKind::kUnknown);
  EXPECT_EQ(kind_of("BM is how many words begin (BMW, BMI, BMX)"), FileKind::kText);
}

TEST(FileKind, HeicAndAvifAreToldByTheirBrands) {
  const auto with_brands = [](std::string_view major, std::string_view others) {
    const auto length = static_cast<char>(16 + others.size());
    return kind_of("\0\0\0"s + length + "ftyp" + std::string(major) + "\0\0\0\0"s + std::string(others) + "avif");
  };
  for (const char* major : {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"}) {
    EXPECT_EQ(with_brands(major, "mif1heic"), FileKind::kHeic) << major;
  }
  for (const char* major : {"avif", "avis"}) EXPECT_EQ(with_brands(major, "mif1miaf"), FileKind::kAvif) << major;
  for (const char* major : {"mif1", "msf1"}) {
    EXPECT_EQ(with_brands(major, "miafheic"), FileKind::kHeic) << major;
    EXPECT_EQ(with_brands(major, "miafavif"), FileKind::kAvif) << major;
    EXPECT_EQ(with_brands(major, ""), FileKind::kHeic) << "what is behind the box is no brand";
  }
  for (const char* film : {"isom", "mp42", "qt  ", "crx "}) EXPECT_EQ(with_brands(film, "avif"), FileKind::kUnknown);
}

TEST(FileKind, MarkupMayBeginWithWhiteSpaceAndBeInAnyCase) {
  EXPECT_EQ(kind_of(" \r\n<!DOCTYPE html>"), FileKind::kHtml);
  EXPECT_EQ(kind_of("<HTML>"), FileKind::kHtml);
  EXPECT_EQ(kind_of("<?xml version=\"1.0\"?><Error>"), FileKind::kXml);
  EXPECT_EQ(kind_of(" \n\t"), FileKind::kUnknown);
}

TEST(FileKind, WhatIsCutBeforeItsSignatureEndsIsUnknown) {
  for (const std::string_view start : {""sv, "\xFF\xD8"sv,
                                       "\0\0\0\x18"
                                       "ftyphei"sv,
                                       "GIF8"sv, "\x80"sv, "\x80\x06"sv, "some"sv}) {
    EXPECT_EQ(kind_of(start), FileKind::kUnknown) << start;
  }
  EXPECT_EQ(kind_of(std::string(18, '\0')), FileKind::kUnknown);
}

TEST(FileKind, ASafetensorsHeaderMayHaveAnyLength) {
  for (const std::string_view length : {"\x40\0"sv, "\x80\x04"sv, "\x1F\x8B"sv, "{\0"sv, "<!"sv, "BM"sv, "PK"sv}) {
    EXPECT_EQ(kind_of(std::string(length) + std::string(6, '\0') + "{\"coef\""), FileKind::kSafetensors) << length;
  }
}

TEST(FileKind, EveryKindHasAName) {
  for (int kind = 1; kind <= static_cast<int>(FileKind::kText); ++kind) {
    EXPECT_NE(file_kind_name(static_cast<FileKind>(kind)), file_kind_name(FileKind::kUnknown)) << kind;
  }
}

}  // namespace
}  // namespace vgg16
