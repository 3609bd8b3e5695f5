#include "vocabulary/file_kind.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

FileKind kind_of(std::string_view bytes) { return file_kind(std::as_bytes(std::span(bytes))); }

TEST(FileKind, IsToldByTheFirstBytes) {
  EXPECT_EQ(kind_of(kHdf5Signature), FileKind::kHdf5);
  EXPECT_EQ(kind_of(kPngSignature), FileKind::kPng);
  EXPECT_EQ(kind_of("\xFF\xD8\xFF\xE0"), FileKind::kJpeg);
  EXPECT_EQ(kind_of("GIF89a"), FileKind::kGif);
  EXPECT_EQ(kind_of("BM1234"), FileKind::kBmp);
  EXPECT_EQ(kind_of("MM\0*"sv), FileKind::kTiff);
  EXPECT_EQ(kind_of("RIFF....WEBPVP8 "), FileKind::kWebp);
  EXPECT_EQ(kind_of("....ftypavif"), FileKind::kAvif);
  EXPECT_EQ(kind_of("....ftypheic"), FileKind::kHeic);
  EXPECT_EQ(kind_of("....jP  "), FileKind::kJpeg2000);
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
  EXPECT_EQ(kind_of("\x08\x07\x12\x07pyt\x01rch\x1A"), FileKind::kUnknown);
  EXPECT_EQ(kind_of("a,b\r\n1,2\r\n"), FileKind::kText);
  EXPECT_EQ(kind_of("Wei\xC3\x9F"
                    "e Katzen"),
            FileKind::kText);
}

TEST(FileKind, MarkupMayBeginWithWhiteSpaceAndBeInAnyCase) {
  EXPECT_EQ(kind_of(" \r\n<!DOCTYPE html>"), FileKind::kHtml);
  EXPECT_EQ(kind_of("<HTML>"), FileKind::kHtml);
  EXPECT_EQ(kind_of("<?xml version=\"1.0\"?><Error>"), FileKind::kXml);
  EXPECT_EQ(kind_of(" \n\t"), FileKind::kUnknown);
}

TEST(FileKind, WhatIsCutBeforeItsSignatureEndsIsUnknown) {
  for (const std::string_view start : {""sv, "\xFF\xD8"sv, "\x80"sv, "\x80\x06"sv, "some"sv}) {
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
