#include "vgg16/names.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/utf8.h"

namespace vgg16 {
namespace {

TEST(EscapeName, KeepsUtf8AndEscapesTheRest) {
  EXPECT_EQ(escape_name("caf\xC3\xA9\n\x1B a\\b\\x5\\xg0"), "caf\xC3\xA9\n\x1B a\\b\\x5\\xg0");
  EXPECT_EQ(escape_name("caf\xE9/caf\xE8.jpg"), "caf\\xe9/caf\\xe8.jpg");
  EXPECT_EQ(escape_name("caf\\xe9"), "caf\\x5cxe9");
  EXPECT_EQ(escape_name("\\\\xE9"), "\\\\x5cxE9");
  EXPECT_EQ(escape_name("\\\xE9"), "\\\\xe9");
}

// Names of the characters that an escape is made of, and of invalid and valid sequences.
TEST(EscapeName, IsReversibleForAnyBytes) {
  constexpr std::string_view kBytes = "\\\\\\xx0aE9\xE9\xFF\xC3\xA9/";
  std::mt19937 random(7);
  std::set<std::string> names;
  std::set<std::string> texts;
  for (int i = 0; i < 100'000; ++i) {
    std::string name(random() % 9, '\0');
    for (char& byte : name) byte = kBytes[random() % kBytes.size()];
    const std::string text = escape_name(name);
    ASSERT_TRUE(is_utf8(text)) << text;
    ASSERT_EQ(unescape_name(text), name) << text;
    names.insert(name);
    texts.insert(text);
  }
  EXPECT_EQ(names.size(), texts.size());
}

TEST(EscapeName, NamesThatAreTextAlreadyStayUnlessOneIsNot) {
  std::vector<std::string> names = {"caf\\xe9", "dog"};
  escape_unless_utf8(names);
  EXPECT_EQ(names, (std::vector<std::string>{"caf\\xe9", "dog"}));
  names = {"caf\\xe9", "caf\xE9"};
  escape_unless_utf8(names);
  EXPECT_EQ(names, (std::vector<std::string>{"caf\\x5cxe9", "caf\\xe9"}));
}

}  // namespace
}  // namespace vgg16
