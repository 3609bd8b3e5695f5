#include "command_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace vgg16 {
namespace {

TEST(CommandText, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(quoted_for_shell("out/a-1_b.h5"), "out/a-1_b.h5");
  EXPECT_EQ(quoted_for_shell(""), "''");
  EXPECT_EQ(quoted_for_shell("my pets"), "'my pets'");
  EXPECT_EQ(quoted_for_shell("$HOME `x` \"y\" \\"), "'$HOME `x` \"y\" \\'");
  EXPECT_EQ(quoted_for_shell("p\xC3\xA2nd\xC3\xA2"), "'p\xC3\xA2nd\xC3\xA2'");
}

TEST(CommandText, EscapesWhatATerminalOrAQuoteWouldTakeForItself) {
  EXPECT_EQ(quoted_for_shell("it's"), "$'it\\047s'");
  EXPECT_EQ(quoted_for_shell("a\nb"), "$'a\\012b'");
  EXPECT_EQ(quoted_for_shell("\x1B[31m\\"), "$'\\033[31m\\134'");
  EXPECT_EQ(quoted_for_shell("\xFF"), "$'\\377'");
}

TEST(CommandText, ResumeStandsBehindTheCommandsName) {
  const std::vector<const char*> words = {"./vgg16", "extract", "-d", "my pets", "-o", "a.h5"};
  EXPECT_EQ(command_text(words), "./vgg16 extract -d 'my pets' -o a.h5");
  EXPECT_EQ(resume_command_text(words), "./vgg16 extract --resume -d 'my pets' -o a.h5");
  const std::vector<const char*> resumed = {"vgg16", "extract", "--resume", "--overwrite"};
  EXPECT_EQ(resume_command_text(resumed), "vgg16 extract --resume --overwrite");
}

}  // namespace
}  // namespace vgg16
