#include "vgg16/error.h"

#include <gtest/gtest.h>

namespace vgg16 {
namespace {

TEST(Printable, KeepsValidUtf8AndEscapesTheRest) {
  EXPECT_EQ(printable("a b.jpg"), "a b.jpg");
  EXPECT_EQ(printable("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xBC"), "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xBC");
  EXPECT_EQ(printable("a\nb\tc\\d"), "a\\nb\\tc\\\\d");
  EXPECT_EQ(printable(std::string_view("\x1B[31m\0", 6)), "\\x1b[31m\\x00");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b") << "a C1 control";
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82") << "cut short";
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
