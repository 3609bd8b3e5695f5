// Ctrl-C and SIGTERM, and going on afterwards.
#include <signal.h>

#include "cli_test.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Interrupt : public CliTest {
 protected:
  // Whether `partial` holds at least one row that no crash can take away.
  static bool has_rows(const fs::path& partial) {
    try {
      static_cast<void>(open_feature_file(partial));
      return true;
    } catch (const Error& error) {
      const std::string what = error.what();
      return what.find("is unfinished") != std::string::npos && what.find("holds 0 of") == std::string::npos;
    }
  }

  // Starts a slow extraction of `folder` into `output` and sends it `signal` as soon as it has rows.
  Outcome interrupted_extraction(const std::string& folder, const std::string& output, int signal,
                                 const Words& more) const {
    Words words = command({"extract", "-d", folder, "-o", output, "-b", "1", "-s", "1"});
    words.insert(words.end(), more.begin(), more.end());
    Process process(words, folder_, scratch_, {});
    EXPECT_TRUE(process.wait_until([&] { return has_rows(partial_path_of(path(output))); }));
    process.send(signal);
    return process.wait();
  }

  // What the last line on standard error says is done; the result has the bytes of a run that nobody interrupted.
  void expect_that_it_goes_on(const Outcome& outcome, const std::string& folder, const std::string& output) const {
    ASSERT_EQ(outcome.err_lines().size(), 2U) << outcome.err;
    EXPECT_THAT(outcome.err_lines()[0], StartsWith("vgg16: interrupted after "));
    EXPECT_THAT(outcome.err_lines()[1], StartsWith(std::string(VGG16_PROGRAM) + " extract --resume "));
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(files().count(output), 0U);
    const Outcome resumed = bash(outcome.err_lines()[1]);
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(run({"extract", "-d", folder, "-o", "uninterrupted.h5"}).status, 0);
    EXPECT_TRUE(bytes(output) == bytes("uninterrupted.h5"));
    EXPECT_EQ(files().count(output + ".partial"), 0U);
  }
};

// A few hundredths of a second each, through the whole network; the sanitizers take twenty times as long.
constexpr int kPictures = VGG16_TEST_SANITIZED ? 8 : 40;

TEST_F(Interrupt, SigintEndsWithTheCommandThatResumes) {
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  const Outcome outcome = interrupted_extraction("pets", "pets.h5", SIGINT, {});
  EXPECT_EQ(outcome.status, 130);
  expect_failure(4, "pets.h5.partial is unfinished: it holds ", {"train", "-d", "pets.h5.partial", "-m", "a.model"});
  expect_failure(1, "pets.h5.partial is left from an interrupted run; add --resume",
                 {"extract", "-d", "pets", "-o", "pets.h5"});
  expect_that_it_goes_on(outcome, "pets", "pets.h5");
}

TEST_F(Interrupt, SigtermDoesTheSameAndOddNamesAreQuoted) {
  const std::string folder = "a b'c\n\x1B[31m\xFF";
  make_pictures(folder, {"cats", "dogs"}, kPictures / 2);
  const Outcome outcome = interrupted_extraction(folder, "o \"$x\".h5", SIGTERM, {"-q"});
  EXPECT_EQ(outcome.status, 143);
  EXPECT_THAT(outcome.err, Not(HasSubstr("\x1B")));
  expect_that_it_goes_on(outcome, folder, "o \"$x\".h5");
}

TEST_F(Interrupt, AnOverwritingRunGoesOnOverwriting) {
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  EXPECT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  const std::string old = bytes("pets.h5");
  const Outcome outcome = interrupted_extraction("pets", "pets.h5", SIGINT, {"--overwrite"});
  EXPECT_EQ(outcome.status, 130);
  EXPECT_EQ(bytes("pets.h5"), old);
  EXPECT_THAT(outcome.err_lines().back(), testing::AllOf(HasSubstr(" --resume "), HasSubstr(" --overwrite")));
  EXPECT_EQ(bash(outcome.err_lines().back()).status, 0);
  EXPECT_EQ(run({"extract", "-d", "pets", "-o", "uninterrupted.h5"}).status, 0);
  EXPECT_TRUE(bytes("pets.h5") == bytes("uninterrupted.h5"));

  // The same over a file of the very same run, which the command that resumes may as well keep.
  const Outcome again = interrupted_extraction("pets", "pets.h5", SIGTERM, {"--overwrite"});
  EXPECT_EQ(again.status, 143);
  EXPECT_EQ(bash(again.err_lines().back()).status, 0);
  EXPECT_TRUE(bytes("pets.h5") == bytes("uninterrupted.h5"));
  EXPECT_EQ(files().count("pets.h5.partial"), 0U);
}

TEST_F(Interrupt, TheBatchInFlightIsDropped) {
  make_pictures("pets", {"cats", "dogs"}, 2 * kPictures);
  const std::string all = std::to_string(4 * kPictures);
  Process process(command({"extract", "-d", "pets", "-o", "pets.h5", "-b", all}), folder_, scratch_, {});
  EXPECT_TRUE(process.wait_until([&] { return fs::exists(path("pets.h5.partial")); }));
  // From there on only the network takes so long: some tenth of what the batch takes.
  const double begun = process.processor_seconds();
  EXPECT_TRUE(process.wait_until([&] { return process.processor_seconds() > begun + 0.5; }));
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.status, 130);
  ASSERT_EQ(outcome.err_lines().size(), 2U) << outcome.err;
  EXPECT_EQ(outcome.err_lines()[0], "vgg16: interrupted after 0 of " + all + " rows; to go on:");
  EXPECT_THAT(outcome.err_lines()[1], StartsWith(std::string(VGG16_PROGRAM) + " extract --resume "));
}

TEST_F(Interrupt, TheSecondSignalEndsAtOnce) {
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  Process process(command({"extract", "-d", "pets", "-o", "pets.h5", "-b", "1", "-s", "1"}), folder_, scratch_, {});
  EXPECT_TRUE(process.wait_until([&] { return has_rows(partial_path_of(path("pets.h5"))); }));
  process.send(SIGSTOP);  // so that it sees both at once
  process.send(SIGINT);
  process.send(SIGTERM);
  process.send(SIGCONT);
  const Outcome outcome = process.wait();
  EXPECT_THAT(outcome.status, testing::AnyOf(130, 143));
  EXPECT_EQ(outcome.out + outcome.err, "");
  EXPECT_EQ(files().count("pets.h5"), 0U);
}

TEST_F(Interrupt, AnExtractionEndsAtOnceWhereItComputesNoRows) {
  if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "a library is loaded into the program";
  make_pictures("pets", {"cats", "dogs"}, 4);
  write_test_file(path("pets/cats/x.png"), small_png({}, FileBytes(1)));  // it takes decoding to see that it is damaged
  const Words more = {"--max-skipped", "1"};
  ASSERT_EQ(run(quick_extract("pets", "uninterrupted.h5", more)).status, 0);
  // Where the file is laid out; and where, all rows being there, another is laid out for those that stay.
  for (const char* call : {"1", "2"}) {
    SCOPED_TRACE(call);
    const Outcome outcome =
        run(quick_extract("pets", "pets.h5", more),
            {.environment = {std::string("LD_PRELOAD=") + VGG16_FAIL_CALLS, "VGG16_FAIL=space",
                             std::string("VGG16_FAIL_AT=") + call, "VGG16_FAIL_SIGNAL=" + std::to_string(SIGINT)}});
    EXPECT_EQ(outcome.status, 130);
    ASSERT_EQ(outcome.err_lines().size(), 2U) << outcome.err;
    EXPECT_EQ(outcome.err_lines()[0], "vgg16: interrupted; to go on:");
    EXPECT_EQ(files().count("pets.h5"), 0U);
    EXPECT_EQ(bash(outcome.err_lines()[1]).status, 0);
    EXPECT_TRUE(bytes("pets.h5") == bytes("uninterrupted.h5"));
    EXPECT_EQ(files().count("pets.h5.partial.new"), 0U);
    fs::remove(path("pets.h5"));
  }
}

TEST_F(Interrupt, CommandsWithNothingToSaveEndAtOnce) {
  make_pictures("pets", {"cats", "dogs"}, 4);
  EXPECT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  EXPECT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2"}).status, 0);
  // It waits for a list that does not come. Bash's background jobs ignore SIGINT until the program takes it over.
  for (const auto& [signal, status] : {std::pair("INT", 130), {"TERM", 143}}) {
    const Outcome outcome =
        bash(std::string("mkfifo list; exec 3<> list; \"$VGG16\" predict -m pets.model - <&3 & "
                         "while [ ! -e /proc/$!/stat ]; do :; done; "
                         "until grep -Eq 'SigCgt:.*4..2$' /proc/$!/status; do sleep 0.01; done; kill -") +
             signal + " $!; wait $!; status=$?; rm list; exit $status");
    EXPECT_EQ(outcome.status, status);
    ASSERT_EQ(outcome.err_lines().size(), 2U) << outcome.err;
    EXPECT_EQ(outcome.err_lines()[0], "vgg16: interrupted; to start again:");
    EXPECT_THAT(outcome.err_lines()[1], EndsWith("/vgg16 predict -m pets.model -"));
  }
}

}  // namespace
}  // namespace vgg16
