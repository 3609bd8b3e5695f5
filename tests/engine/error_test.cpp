#include "vgg16/error.h"

#include <gtest/gtest.h>

namespace vgg16 {
namespace {

TEST(Printable, KeepsValidUtf8AndEscapesTheRest) {
  EXPECT_EQ(printable("a b.jpg"), "a b.jpg");
  EXPECT_EQ(printable("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xBC"), "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xBC");
  EXPECT_EQ(printable("a\nb\tc\\d"), "a\\x0ab\\x09c\\d");
  EXPECT_EQ(printable(std::string_view("\x1B[31m\0", 6)), "\\x1b[31m\\x00");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b") << "a C1 control";
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82") << "cut short";
}

TEST(Printable, EscapesWhatIsInvisibleOrMovesOtherText) {
  EXPECT_EQ(printable("a\xE2\x80\xAEgpj.b"), "a\\xe2\\x80\\xaegpj.b") << "right-to-left override";
  // The first and last of some ranges, and their neighbours.
  for (const char* hidden : {"\xC2\xAD", "\xE2\x80\x8B", "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x81\xA0",
                             "\xE2\x81\xAF", "\xEF\xBB\xBF", "\xEE\x80\x80", "\xEF\xB7\x90", "\xEF\xBF\xBF",
                             "\xF0\x9F\xBF\xBF", "\xF3\xA0\x80\x81", "\xF3\xA0\x81\x81", "\xF4\x8F\xBF\xBD", "\x7F"}) {
    EXPECT_EQ(printable(hidden).size(), 4 * std::string_view(hidden).size()) << hidden;
  }
  for (const char* shown : {"\xC2\xAE", "\xE2\x80\x8A", "\xE2\x80\x90", "\xE2\x80\xAF", "\xE3\x80\x80", "e\xCC\x81",
                            "\xE0\xA4\x95\xE0\xA5\x8D", "\xD7\xA9\xD7\x9C", "\xEF\xBF\xBD", "\xF0\xA0\x80\x80"}) {
    EXPECT_EQ(printable(shown), shown);
  }
}

TEST(Printable, WhatItGaveStaysTheSame) {
  EXPECT_EQ(printable("a\\x1b \\\\ b"), "a\\x1b \\\\ b");
  EXPECT_EQ(printable_path("a\\x1b \xFF\n"), "a\\x5cx1b \\xff\\x0a");
}

TEST(Printable, JsonStaysJson) {
  EXPECT_EQ(json_without_invisible("{\"a\":\"\xC3\xA9\x7F\xE2\x80\xAE\xF3\xA0\x81\x81\\n\"}"),
            "{\"a\":\"\xC3\xA9\\u007f\\u202e\\udb40\\udc41\\n\"}");
}

TEST(ResultTest, HoldsAValueOrAReason) {
  const Result<std::string> good(std::string("v"));
  const auto bad = Result<std::string>::failure("why");
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.value(), "v");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.reason(), "why");
}

}  // namespace
}  // namespace vgg16
