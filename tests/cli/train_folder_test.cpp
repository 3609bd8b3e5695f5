// vgg16 train -d FOLDER: extracts, trains and reports in one command.
#include <signal.h>

#include "cli_test.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kFeatures = "pets.model.features.h5";

class TrainFolder : public CliTest {
 protected:
  void SetUp() override { make_pictures("pets", {"cats", "dogs", "owls"}, 8); }

  static Words quick(const Words& more = {}) {
    Words words = {"train", "-d", "pets", "-m", "pets.model", "--layer", "block1_pool", "--pool", "avg"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(TrainFolder, MakesTheModelOfExtractAndTrain) {
  ASSERT_EQ(run(quick_extract("pets", "pets.h5", {"--seed", "7"})).status, 0);
  const Words options = {"--seed", "7", "--split", "stratified"};
  Words two_steps = {"train", "-d", "pets.h5", "-m", "two.model"};
  two_steps.insert(two_steps.end(), options.begin(), options.end());
  const Outcome expected = run(two_steps);
  ASSERT_EQ(expected.status, 0) << expected.err;
  const Outcome outcome = run(quick(options));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(bytes("pets.model"), bytes("two.model"));
  EXPECT_EQ(bytes(kFeatures), bytes("pets.h5"));
  EXPECT_EQ(outcome.out, expected.out);
  EXPECT_THAT(outcome.err, HasSubstr("features saved: pets.model.features.h5, 24 rows, 24 computed in this run; train "
                                     "-d takes it too\nmodel saved: pets.model\nnext: vgg16 predict -m pets.model"));
}

TEST_F(TrainFolder, UsesItsFeaturesAgain) {
  ASSERT_EQ(run(quick()).status, 0);
  expect_failure(1, "pets.model already exists; add --overwrite", quick());
  const std::string first = bytes(kFeatures);
  const std::string model = bytes("pets.model");
  const Outcome again = run(quick({"--overwrite", "--classifier", "svm"}));
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("features used again: pets.model.features.h5 is of the same pictures"));
  EXPECT_EQ(bytes(kFeatures), first);
  EXPECT_NE(bytes("pets.model"), model);
}

TEST_F(TrainFolder, CopiesTheRowsOfUnchangedPictures) {
  ASSERT_EQ(run(quick()).status, 0);
  write_test_file(path("pets/cats/new.png"), class_picture(0, 500));
  fs::remove(path("pets/dogs/0.png"));
  const auto report = json_line(run(quick({"--overwrite", "--json", "-q"})).out);
  EXPECT_EQ(report["features"]["output"], kFeatures);
  EXPECT_EQ(report["features"]["rows"], 24);
  EXPECT_EQ(report["features"]["reused_rows"], 23);
  EXPECT_EQ(report["features"]["computed_rows"], 1);
  ASSERT_EQ(run(quick_extract("pets", "fresh.h5")).status, 0);
  EXPECT_EQ(bytes(kFeatures), bytes("fresh.h5"));
}

TEST_F(TrainFolder, GoesOnAfterAnInterruption) {
  make_pictures("pets", {"cats", "dogs"}, 200);
  const Words words = {"train", "-d", "pets", "-m", "pets.model", "-b", "1", "-s", "1", "-j", "1"};
  Process process(command(words), folder_, scratch_, {});
  ASSERT_TRUE(process.wait_until([&] { return fs::exists(path(std::string(kFeatures) + ".partial")); }));
  process.send(SIGINT);
  const Outcome interrupted = process.wait();
  EXPECT_EQ(interrupted.status, 130);
  EXPECT_THAT(interrupted.err, HasSubstr("to go on:\n"));
  EXPECT_THAT(interrupted.err_lines().back(), testing::EndsWith("train -d pets -m pets.model -b 1 -s 1 -j 1"));
  EXPECT_FALSE(fs::exists(path("pets.model")));
  // With fewer pictures, so that it does not take long: those of both runs are copied.
  for (int i = 8; i < 200; ++i) {
    for (const char* name : {"cats", "dogs"}) fs::remove(path("pets") / name / (std::to_string(i) + ".png"));
  }
  const Outcome second = run(words);
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(open_feature_file(path(kFeatures)).rows, 24);
  EXPECT_FALSE(fs::exists(path(std::string(kFeatures) + ".partial")));
}

TEST_F(TrainFolder, ReplacesFeaturesOfAnotherRecipeOnlyWithOverwrite) {
  ASSERT_EQ(run(quick()).status, 0);
  fs::remove(path("pets.model"));
  const Words other = {"train", "-d", "pets", "-m", "pets.model", "--layer", "block1_pool", "--pool", "max"};
  expect_failure(
      4,
      "pets.model.features.h5 has rows that cannot be reused: pools differ ('avg' there, 'max' now); extract "
      "as before, or add --overwrite to replace the file",
      other);
  Words forced = other;
  forced.emplace_back("--overwrite");
  const Outcome replaced = run(forced);
  EXPECT_EQ(replaced.status, 0);
  EXPECT_THAT(replaced.err, HasSubstr("pools differ ('avg' there, 'max' now); it is replaced\n"));
  EXPECT_EQ(open_feature_file(path(kFeatures)).recipe.pool, "max");
}

TEST_F(TrainFolder, ShowsPicturesOnThePageWithoutBeingToldWhereTheyAre) {
  const Outcome outcome = run(quick({"--report", "page.html", "--test-size", "0"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(bytes("page.html"), Not(HasSubstr("train --images shows it")));
  expect_failure(2, "is both the features file and the page",
                 quick({"--report", "./pets.model.features.h5", "--overwrite"}));
}

TEST_F(TrainFolder, TakesListsAndTablesOfLabels) {
  write_test_file(path("labels.csv"),
                  "path,label\ncats/0.png,a\ncats/1.png,a\ncats/2.png,a\ncats/3.png,a\ndogs/0.png,b\ndogs/1.png,b\n"
                  "dogs/2.png,b\ndogs/3.png,b\n");
  const Outcome table = run(quick({"--labels", "labels.csv", "--test-size", "0"}));
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(open_feature_file(path(kFeatures)).label_names, testing::ElementsAre("a", "b"));
  const Outcome list = bash(
      "ls -d pets/[co]*/* | \"$VGG16\" train -d . --files-from - -m list.model --layer block1_pool --pool avg "
      "--test-size 0");
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_THAT(list.out, testing::AllOf(HasSubstr("cats"), HasSubstr("owls"), Not(HasSubstr("dogs"))));
}

TEST_F(TrainFolder, NeverWritesOverWhatItReads) {
  write_test_file(path("list.txt"), "cats/0.png\ndogs/0.png\n");
  const std::string list = bytes("list.txt");
  Words words = {"train", "-d", "pets", "--files-from", "list.txt", "-m", "list.txt", "--overwrite"};
  EXPECT_EQ(run(words).status, 2);
  words = {"train", "-d", "pets", "--files-from", "list.txt", "-m", "a.model", "--report", "list.txt", "--overwrite"};
  EXPECT_EQ(run(words).status, 2);
  EXPECT_EQ(bytes("list.txt"), list);
  EXPECT_EQ(run({"train", "-d", "pets", "--labels", "", "-m", "a.model"}).status, 2);
  EXPECT_EQ(run({"extract", "--labels", "", "-o", "a.h5"}).status, 2);
}

TEST_F(TrainFolder, CountsSkippedPictures) {
  write_test_file(path("pets/dogs/x.jpg"), "no picture");
  const Outcome outcome = run(quick());
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("  dogs/x.jpg: not a JPEG or PNG\n"));
  EXPECT_EQ(outcome.err_lines().back(),
            "vgg16: pets.model is complete, but 1 picture was skipped of 25, more than --max-skipped 1% allows");
  EXPECT_EQ(run(quick({"--overwrite", "--max-skipped", "1"})).status, 0);
}

TEST_F(TrainFolder, RefusesBeforeTheWorkWhatItCannotLearnFrom) {
  const Words full = {"train", "-d", "pets", "-m", "pets.model"};
  const auto refuse = [&](int status, const std::string& part, const Words& more) {
    Words words = full;
    words.insert(words.end(), more.begin(), more.end());
    expect_failure(status, part, words);  // no features file is left, either
  };
  refuse(4, "expected at least as many as folds, 9", {"--folds", "9"});
  refuse(1, "missing.h5", {"--test", "missing.h5"});
  ASSERT_EQ(run(quick_extract("pets", "other.h5")).status, 0);
  refuse(4, "other.h5", {"--test", "other.h5"});
}

TEST_F(TrainFolder, RefusesOptionsOfTheOtherKind) {
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  const auto refuse = [&](const std::string& part, const Words& more) {
    Words words = {"train", "-m", "a.model", "-d"};
    words.insert(words.end(), more.begin(), more.end());
    expect_failure(2, part, words);
  };
  refuse("--layer is about a folder of pictures, and pets.h5 is none", {"pets.h5", "--layer", "block5_pool"});
  refuse("--files-from is about a folder of pictures", {"pets.h5", "--files-from", "list.txt"});
  refuse("--max-skipped is about a folder of pictures", {"pets.h5", "--max-skipped", "1%"});
  refuse("--labels-name is about features files, and pets is a folder", {"pets", "--labels-name", "y"});
  refuse("-d takes one folder of pictures, or features files; pets is a folder", {"pets.h5", "pets"});
  refuse("did you mean --jobs?", {"pets", "--threads", "1"});
  refuse("--labels takes one table", {"pets", "--labels", "a.csv", "b.csv"});
}

}  // namespace
}  // namespace vgg16
