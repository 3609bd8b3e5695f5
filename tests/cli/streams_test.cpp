// Standard streams that are full, closed, or a pipe whose reader ends early.
#include "cli_test.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Streams : public CliTest {
 protected:
  void SetUp() override {
    make_pictures("pets", {"cats", "dogs"}, 4);
    ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
    ASSERT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2"}).status, 0);
  }
};

TEST_F(Streams, AFullDiskBehindStandardOutputIsAFailure) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  for (const Words& words : {Words{"--help"},
                             {"--version"},
                             {"info"},
                             {"info", "pets.h5"},
                             {"predict", "-m", "pets.model", "pets"},
                             {"train", "-d", "pets.h5", "-m", "a.model", "--folds", "2", "-q"},
                             quick_extract("pets", "a.h5")}) {
    SCOPED_TRACE(words[0]);
    const Outcome outcome = run(words, {.output = "/dev/full"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "vgg16: standard output cannot be written: No space left on device\n");
  }
  // The work is done even if its report cannot be written.
  EXPECT_EQ(bytes("a.h5"), bytes("pets.h5"));
  EXPECT_EQ(bytes("a.model"), bytes("pets.model"));
}

TEST_F(Streams, AReaderThatLeavesIsNoSignal) {
  const Outcome outcome =
      bash("\"$VGG16\" predict -m pets.model -b 1 pets pets pets pets | head -1; echo ${PIPESTATUS[0]}");
  ASSERT_EQ(outcome.out_lines().size(), 2U);
  EXPECT_THAT(outcome.out_lines()[0], StartsWith("pets/cats/0.png: "));
  EXPECT_THAT(outcome.out_lines()[1], testing::AnyOf("0", "1"));  // 0 if all was in the pipe before head left
  EXPECT_THAT(outcome.err, testing::AnyOf("", "vgg16: standard output cannot be written: Broken pipe\n"));
}

TEST_F(Streams, AReaderThatWasNeverThereIsAFailure) {
  const Outcome outcome =
      bash("mkfifo p; exec 3<> p 4> p 3<&-; \"$VGG16\" predict -m pets.model pets >&4; echo $? >&2");
  EXPECT_EQ(outcome.err, "vgg16: standard output cannot be written: Broken pipe\n1\n");
}

TEST_F(Streams, MissingOnesTakeNothingFromTheFiles) {
  for (const std::vector<int>& closed : std::vector<std::vector<int>>{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}}) {
    SCOPED_TRACE(testing::PrintToString(closed));
    EXPECT_EQ(run(quick_extract("pets", "a.h5", {"--overwrite", "-v"}), {.closed = closed}).status, 0);
    EXPECT_EQ(bytes("a.h5"), bytes("pets.h5"));
    EXPECT_EQ(run({"train", "-d", "a.h5", "-m", "a.model", "--folds", "2", "--overwrite"}, {.closed = closed}).status,
              0);
    EXPECT_EQ(bytes("a.model"), bytes("pets.model"));
    EXPECT_EQ(run({"predict", "-m", "a.model", "pets"}, {.closed = closed}).status, 0);
    EXPECT_EQ(run({"predict", "-m", "missing", "pets"}, {.closed = closed}).status, 1);
  }
}

}  // namespace
}  // namespace vgg16
