// Ctrl-C, SIGTERM, a closed terminal and kills, and going on afterwards.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "cli_test.h"
#include "terminal.h"
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
  // Number of committed rows of `partial`: those that no crash can lose.
  static int64_t rows_in(const fs::path& partial) {
    try {
      return open_feature_file(partial).rows;
    } catch (const Error& error) {
      const std::string what = error.what();
      const size_t at = what.find("it holds ");
      return at == std::string::npos ? 0 : std::stoll(what.substr(at + 9));
    }
  }
  static bool has_rows(const fs::path& partial) { return rows_in(partial) > 0; }

  // The stored bytes of every row of the finished file `name`, and where they stand in it.
  std::map<size_t, std::string> stored_rows(const std::string& name) const {
    const FeatureTable table = open_feature_file(path(name));
    std::vector<float> row(static_cast<size_t>(table.columns));
    const std::string all = bytes(name);
    std::map<size_t, std::string> rows;
    for (int64_t i = 0; i < table.rows; ++i) {
      table.read_rows(i, 1, row.data());
      const std::string stored(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
      rows.emplace(all.find(stored), stored);
    }
    return rows;
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

  // Runs the command that the last line on standard error gives; the finished file must equal that of an uninterrupted
  // run byte by byte.
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

TEST_F(Interrupt, AClosedTerminalDoesTheSame) {
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  const Outcome outcome = interrupted_extraction("pets", "pets.h5", SIGHUP, {});
  EXPECT_EQ(outcome.status, 129);
  EXPECT_THAT(outcome.err, StartsWith("vgg16: interrupted after "));
  EXPECT_THAT(outcome.err_lines().back(), StartsWith(std::string(VGG16_PROGRAM) + " extract --resume "));
}

TEST_F(Interrupt, WhatIsIgnoredAtTheStartStaysIgnored) {
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  Process process(command({"extract", "-d", "pets", "-o", "pets.h5", "-b", "1", "-s", "1"}), folder_, scratch_,
                  {.ignored = {SIGHUP, SIGINT, SIGTERM}});
  EXPECT_TRUE(process.wait_until([&] { return has_rows(partial_path_of(path("pets.h5"))); }));
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGINT, SIGHUP, SIGTERM}) process.send(signal);
  EXPECT_EQ(process.wait().status, 0);
  EXPECT_EQ(open_feature_file(path("pets.h5")).rows, kPictures);

  // One is ignored, the others are not.
  Process nohup(command({"extract", "-d", "pets", "-o", "more.h5", "-b", "1", "-s", "1"}), folder_, scratch_,
                {.ignored = {SIGHUP}});
  EXPECT_TRUE(nohup.wait_until([&] { return has_rows(partial_path_of(path("more.h5"))); }));
  nohup.send(SIGHUP);
  nohup.send(SIGTERM);
  EXPECT_EQ(nohup.wait().status, 143);
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

  // The same where the output is a file of the same run: the command that resumes may keep it.
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

TEST_F(Interrupt, TheSecondSignalLosesNeitherRowsNorTheLastLine) {
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  ASSERT_EQ(run({"extract", "-d", "pets", "-o", "complete.h5"}).status, 0);
  const auto rows = stored_rows("complete.h5");
  // Rows that the writer has received but not committed: it would commit after a million rows, which are never reached.
  const auto handed_over = [&] {
    if (!fs::exists(path("pets.h5.partial"))) return int64_t{0};
    const std::string found = bytes("pets.h5.partial");
    return std::count_if(rows.begin(), rows.end(),
                         [&](const auto& row) { return found.compare(row.first, row.second.size(), row.second) == 0; });
  };
  Process process(command({"extract", "-d", "pets", "-o", "pets.h5", "-b", "1", "-s", "1000000"}), folder_, scratch_,
                  {});
  EXPECT_TRUE(process.wait_until([&] { return handed_over() >= 2; }));
  process.send(SIGSTOP);  // so that it sees both at once
  const int64_t at_least = handed_over();
  process.send(SIGINT);
  process.send(SIGTERM);
  process.send(SIGCONT);
  const Outcome outcome = process.wait();
  EXPECT_THAT(outcome.status, testing::AnyOf(130, 143));
  EXPECT_GE(rows_in(path("pets.h5.partial")), at_least);
  ASSERT_EQ(outcome.err_lines().size(), 2U) << outcome.err;
  EXPECT_THAT(outcome.err_lines()[1], StartsWith(std::string(VGG16_PROGRAM) + " extract --resume "));
  EXPECT_EQ(bash(outcome.err_lines()[1]).status, 0);
  EXPECT_TRUE(bytes("pets.h5") == bytes("complete.h5"));
}

TEST_F(Interrupt, TheThirdSignalWaitsForNoDisk) {
  if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "a library is loaded into the program";
  make_pictures("pets", {"cats", "dogs"}, kPictures / 2);
  // The first signal arrives during a call that never returns: the fifth sync, which belongs to the second row.
  Process process(
      command({"extract", "-d", "pets", "-o", "pets.h5", "-b", "1", "-s", "1"}), folder_, scratch_,
      {.environment = {std::string("LD_PRELOAD=") + VGG16_FAIL_CALLS, "VGG16_FAIL=sync", "VGG16_FAIL_AT=5",
                       "VGG16_FAIL_SIGNAL=" + std::to_string(SIGINT), "VGG16_FAIL_TOLD=" + path("told").string()}});
  EXPECT_TRUE(process.wait_until([&] { return fs::exists(path("told")); }));
  process.send(SIGTERM);
  process.send(SIGHUP);
  const Outcome outcome = process.wait();
  EXPECT_THAT(outcome.status, testing::AnyOf(129, 130, 143));
  ASSERT_FALSE(outcome.err_lines().empty());
  EXPECT_THAT(outcome.err_lines().back(), StartsWith(std::string(VGG16_PROGRAM) + " extract --resume "));
  EXPECT_EQ(bash(outcome.err_lines().back()).status, 0);
}

TEST_F(Interrupt, EveryRowThatTheProgressShowedIsOnDiskAfterAKill) {
  make_pictures("pets", {"cats", "dogs"}, kPictures);
  write_test_file(path("pets/cats/!.png"), small_png({}, FileBytes(1)));  // the first to be computed; it fails late
  // Commits of eight rows, batches of one: there are always computed rows that are not committed.
  Terminal terminal;
  Process process(
      command({"extract", "-d", "pets", "-o", "pets.h5", "--no-shuffle", "--max-skipped", "1", "-b", "1", "-s", "8"}),
      folder_, scratch_, {.environment = {"TERM=xterm"}, .errors = terminal.path()});
  const auto reported = [&] {
    const std::string& shown = terminal.shown();
    const size_t at = shown.rfind("extract ");
    return at == std::string::npos ? 0 : std::atoll(shown.c_str() + at + std::strlen("extract "));
  };
  const bool seen = process.wait_until([&] { return reported() > 0; });
  process.send(SIGKILL);
  static_cast<void>(process.wait());
  if (!seen) GTEST_SKIP() << "the run was over before it showed rows";
  EXPECT_GE(rows_in(fs::exists(path("pets.h5")) ? path("pets.h5") : path("pets.h5.partial")), reported());
}

TEST_F(Interrupt, AnExtractionEndsAtOnceWhereItComputesNoRows) {
  if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "a library is loaded into the program";
  make_pictures("pets", {"cats", "dogs"}, 4);
  write_test_file(path("pets/cats/x.png"), small_png({}, FileBytes(1)));  // it takes decoding to see that it is damaged
  const Words more = {"--max-skipped", "1"};
  ASSERT_EQ(run(quick_extract("pets", "uninterrupted.h5", more)).status, 0);
  // Interrupts the creation of the file, and the creation of the second file into which the rows are copied when some
  // were dropped.
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
  // It waits for a list of pictures that never comes. From when on it can be interrupted shows in its blocked signals:
  // SIGHUP, SIGINT and SIGTERM.
  ASSERT_EQ(bash("mkfifo list").status, 0);
  for (const auto& [signal, status] : {std::pair(SIGHUP, 129), {SIGINT, 130}, {SIGTERM, 143}}) {
    Process process({"bash", "-c", "exec 3<> list; exec \"$0\" predict -m pets.model - <&3", VGG16_PROGRAM}, folder_,
                    scratch_, {});
    EXPECT_TRUE(process.wait_until([&] { return process.blocks_signals(0x4003); }));
    process.send(signal);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.status, status);
    ASSERT_EQ(outcome.err_lines().size(), 2U) << outcome.err;
    EXPECT_EQ(outcome.err_lines()[0], "vgg16: interrupted; to start again:");
    EXPECT_THAT(outcome.err_lines()[1], EndsWith("/vgg16 predict -m pets.model -"));
  }
}

}  // namespace
}  // namespace vgg16
