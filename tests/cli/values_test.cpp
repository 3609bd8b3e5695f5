#include "values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vgg16 {
namespace {

using testing::Optional;

TEST(Values, NumbersAreTakenWholeOrNotAtAll) {
  EXPECT_THAT(parse_number("0.25"), Optional(0.25));
  EXPECT_THAT(parse_number("1e-06"), Optional(1e-6));
  for (const char* bad : {"", " 1", "1 ", "1x", "nan", "inf", "1e999", "+1"})
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  EXPECT_THAT(parse_whole_number("-12"), Optional(-12));
  for (const char* bad : {"", "1.0", "1e3", "0x10", "9223372036854775808"}) {
    EXPECT_EQ(parse_whole_number(bad), std::nullopt) << bad;
  }
}

TEST(Values, AllowedSkipsAreANumberOrAShare) {
  EXPECT_THAT(parse_allowed_skips("5", 3), Optional(5));
  EXPECT_THAT(parse_allowed_skips("0", 3), Optional(0));
  EXPECT_THAT(parse_allowed_skips("1%", 99), Optional(0));
  EXPECT_THAT(parse_allowed_skips("1%", 100), Optional(1));
  EXPECT_THAT(parse_allowed_skips("12.5%", 16), Optional(2));
  EXPECT_THAT(parse_allowed_skips("100%", 7), Optional(7));
  for (const char* bad : {"", "%", "-1", "-1%", "101%", "0.5", "nan%", "1 %"}) {
    EXPECT_EQ(parse_allowed_skips(bad, 100), std::nullopt) << bad;
  }
}

TEST(Values, OnlyTheShareOfAllAllowsAllSkips) {
  for (const char* all : {"100%", "100.0%"}) EXPECT_TRUE(allows_all_skips(all)) << all;
  for (const char* some : {"100", "1", "99.9%", "1%", "0", "1000000000", ""})
    EXPECT_FALSE(allows_all_skips(some)) << some;
}

TEST(Values, ShardsCountFromOne) {
  const auto shard = parse_shard("2/8");
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->index, 2);
  EXPECT_EQ(shard->count, 8);
  for (const char* bad : {"", "/", "2", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b"})
    EXPECT_FALSE(parse_shard(bad)) << bad;
}

TEST(Values, ChecksSayWhatWasFoundAndExpected) {
  std::string value = "av";
  EXPECT_EQ(one_of({"avg", "max"}, "avg or max")(value), "\"av\" is not avg or max; did you mean avg?");
  value = "something";
  EXPECT_EQ(one_of({"avg", "max"}, "avg or max")(value), "\"something\" is not avg or max");
  EXPECT_EQ(whole_number(1, 4)(value), "\"something\" is not a whole number from 1 to 4");
  value = "4";
  EXPECT_EQ(whole_number(1, 4)(value), "");
}

}  // namespace
}  // namespace vgg16
