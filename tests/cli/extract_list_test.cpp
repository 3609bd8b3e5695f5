// extract of a list of pictures: --files-from, -0 and --labels.
#include <signal.h>

#include "cli_test.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ExtractList : public CliTest {
 protected:
  // Of a quick extraction without a folder.
  static Words quick(const Words& more) {
    Words words = {"extract", "-o", "out.h5", "--layer", "block1_pool", "--pool", "avg"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // "path: class" of every row of `name`.
  [[nodiscard]] std::vector<std::string> rows(const std::string& name = "out.h5") const {
    const FeatureTable table = open_feature_file(path(name));
    std::vector<std::string> found;
    for (size_t row = 0; row < table.paths.size(); ++row) {
      found.push_back(table.paths[row] + ": " + table.label_names[static_cast<size_t>(table.labels[row])]);
    }
    return found;
  }
};

TEST_F(ExtractList, TakesPathsAndLabelsInTheOrderOfTheList) {
  make_pictures("pets", {"cats", "dogs"}, 2);
  write_test_file(path("list.txt"), "pets/dogs/1.png\r\n\r\npets/cats/0.png\ttabby\r\n./pets/cats/1.png\r\n");
  const Outcome outcome = run(quick({"--files-from", "list.txt", "--no-shuffle"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(rows(), ElementsAre("pets/dogs/1.png: dogs", "pets/cats/0.png: tabby", "pets/cats/1.png: cats"));
}

TEST_F(ExtractList, MakesTheFileOfTheFolderFromWhatFindPrints) {
  make_pictures("pets", {"cats", "dogs"}, 4);
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  const Outcome piped = bash(
      "find pets -name '*.png' -printf '%P\\0' | sort -rz | \"$VGG16\" extract -d pets --files-from - -0 -o out.h5 "
      "--layer block1_pool --pool avg");
  EXPECT_EQ(piped.status, 0) << piped.err;
  EXPECT_EQ(bytes("out.h5"), bytes("pets.h5"));
  // As a pipe that has a name.
  const Outcome named = bash(
      "\"$VGG16\" extract -d pets --files-from <(cd pets; ls -d $PWD/*/*) -o out.h5 --overwrite --layer block1_pool "
      "--pool avg");
  EXPECT_EQ(named.status, 0) << named.err;
  EXPECT_EQ(bytes("out.h5"), bytes("pets.h5"));
}

TEST_F(ExtractList, TakesATableOfLabelsWithAndWithoutAList) {
  make_pictures("", {"flat"}, 4);
  write_test_file(path("labels.csv"), "path,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,\n");
  const Outcome table = run(quick({"-d", "flat", "--labels", "labels.csv", "--no-shuffle", "--max-skipped", "1"}));
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(rows(), ElementsAre("0.png: cat", "1.png: dog", "2.png: cat"));
  EXPECT_THAT(table.err, HasSubstr("  3.png: it has no label\n"));
  const Outcome both =
      run(quick({"-d", "flat", "--labels", "labels.csv", "--files-from", "-", "--no-shuffle", "--overwrite"}),
          {.input = "2.png\n1.png\towl\n"});
  EXPECT_EQ(both.status, 0) << both.err;
  EXPECT_THAT(rows(), ElementsAre("2.png: cat", "1.png: owl"));
}

TEST_F(ExtractList, TakesWhatPredictPrints) {
  make_pictures("pets", {"cats", "dogs"}, 8);
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  ASSERT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model"}).status, 0);
  const Outcome labels = bash("\"$VGG16\" predict -m pets.model --format csv pets/cats pets/dogs/0.png >labels.csv");
  ASSERT_EQ(labels.status, 0) << labels.err;
  ASSERT_EQ(run(quick({"--labels", "labels.csv"})).status, 0);
  EXPECT_EQ(open_feature_file(path("out.h5")).rows, 9);
}

TEST_F(ExtractList, ResumesAndIsDividedIntoShards) {
  make_pictures("pets", {"cats", "dogs"}, 5);
  ASSERT_EQ(bash("ls -d pets/*/* >list.txt").status, 0);
  ASSERT_EQ(run(quick({"--files-from", "list.txt"})).status, 0);
  const std::string whole = bytes("out.h5");
  const Outcome again = run(quick({"--files-from", "list.txt", "--resume"}));
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("there was nothing left to compute"));
  const Outcome shards = bash(
      "for i in 1 2 3; do tac list.txt | \"$VGG16\" extract --files-from - --shard $i/3 -o part-$i.h5 --layer "
      "block1_pool --pool avg || exit; done; \"$VGG16\" merge -o merged.h5 part-*.h5");
  EXPECT_EQ(shards.status, 0) << shards.err;
  EXPECT_EQ(bytes("merged.h5"), whole);
  write_test_file(path("list.txt"), "pets/cats/0.png\n");
  expect_failure(4, "belongs to another run: pictures differ", quick({"--files-from", "list.txt", "--resume"}));
}

TEST_F(ExtractList, AnInterruptedRunSaysThatItNeedsTheListAgain) {
  make_pictures("pets", {"cats", "dogs"}, 300);
  ASSERT_EQ(bash("ls -d pets/*/* >list.txt").status, 0);
  Process process(command({"extract", "--files-from", "-", "-o", "out.h5", "-b", "1", "-s", "1"}), folder_, scratch_,
                  {.input_file = path("list.txt")});
  ASSERT_TRUE(process.wait_until([&] { return fs::exists(partial_path_of(path("out.h5"))); }));
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.status, 130);
  EXPECT_THAT(outcome.err, HasSubstr("; to go on, with the same list on standard input:\n"));
  EXPECT_THAT(outcome.err_lines().back(), testing::EndsWith("extract --resume --files-from - -o out.h5 -b 1 -s 1"));
}

TEST_F(ExtractList, SkipsWhatIsNoPictureAndSaysWhatIsNamedAgain) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  const std::string list =
      "pets/cats/0.png\npets/cats/0.png\npets/cats/1.png\npets/cats/2.png\npets/dogs/0.png\n"
      "pets/dogs/1.png\npets/dogs/2.png\n"
      "pets/caf\xE9/1.png\npets/none/1.png\npets/cats\n1.png\npets/cats/0.png\textra\tcats\n";
  const Outcome outcome = run(quick({"--files-from", "-", "--max-skipped", "100%"}), {.input = list});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(rows().size(), 6U);
  EXPECT_THAT(outcome.err, HasSubstr("warning: .: 1 line of the list names a picture that is in it before"));
  EXPECT_THAT(outcome.err, HasSubstr(R"(  pets/caf\xe9/1.png: no such file)"));
  EXPECT_THAT(outcome.err, HasSubstr("  1.png: it has neither a label nor a folder in its path"));
  EXPECT_THAT(outcome.err, HasSubstr("skipped 5 pictures"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("drawn from several folders")));
}

TEST_F(ExtractList, RefusesWhatIsNoList) {
  make_pictures("pets", {"cats"}, 3);
  const auto failure = [&](int status, const std::string& part, const Words& more, const std::string& input = "") {
    expect_failure(status, part, quick(more), {.input = input});
  };
  failure(2, "--dataset is required", {});
  failure(2, "--null is used only with --files-from", {"-d", "pets", "-0"});
  failure(1, "none.txt cannot be opened: No such file", {"--files-from", "none.txt"});
  failure(1, "pets cannot be read: Is a directory", {"--files-from", "pets"});
  failure(1, "the list of pictures is empty", {"--files-from", "-"}, "\n\n");
  failure(4, "pets/cats/0.png holds a picture (PNG), expected a list of paths", {"--files-from", "pets/cats/0.png"});
  failure(1, "no usable picture among the 1 of the list; the first, pets/cats/0.png, looked for in pets: no such file",
          {"-d", "pets", "--files-from", "-"}, "pets/cats/0.png\n");
  failure(4, "standard input: entry 2 has more than 8191 bytes", {"--files-from", "-"},
          "pets/cats/0.png\na\t" + std::string(100'000, 'x'));
  failure(4, "standard input: entry 1 has more than", {"--files-from", "-", "-0"}, std::string(9000, '\n'));
  failure(4, "pets/cats/0.png is named twice, with the labels 'a' and 'b'", {"--files-from", "-"},
          "pets/cats/0.png\ta\npets/cats/0.png\tb\n");
}

TEST_F(ExtractList, NeverWritesOverTheList) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  write_test_file(path("list.txt"), "pets/cats/0.png\n");
  expect_failure(2, "list.txt", {"extract", "--files-from", "list.txt", "-o", "list.txt", "--overwrite"});
}

TEST_F(ExtractList, IsPartOfADryRun) {
  make_pictures("pets", {"cats", "dogs"}, 2);
  const Outcome outcome =
      run(quick({"--files-from", "-", "--dry-run"}), {.input = "pets/cats/0.png\npets/dogs/1.png\n"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::EndsWith("\n  cats: 1\n  dogs: 1\n"));
}

}  // namespace
}  // namespace vgg16
