#include <sys/stat.h>

#include <set>

#include "cli_test.h"
#include "support/model_checksum.h"
#include "vgg16/feature_file.h"
#include "vgg16/weights.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::SizeIs;
using testing::StartsWith;

class PredictCommand : public TrainedCliTest {};

TEST_F(PredictCommand, GivesALinePerPicture) {
  const Outcome outcome = run({"predict", "-m", "pets.model", "new/1.png", "new/0.png"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  ASSERT_THAT(outcome.out_lines(), SizeIs(2));
  EXPECT_THAT(
      outcome.out_lines()[0],
      testing::MatchesRegex("new/1\\.png: dogs [01]\\.[0-9]{4}, [a-z]+ [01]\\.[0-9]{4}, [a-z]+ [01]\\.[0-9]{4}"));
  EXPECT_THAT(outcome.out_lines()[1], StartsWith("new/0.png: cats 1."));
  EXPECT_THAT(run({"predict", "-m", "pets.model", "--top", "1", "new/2.png"}).out,
              testing::MatchesRegex("new/2\\.png: owls [01]\\.[0-9]{4}\n"));
}

TEST_F(PredictCommand, JsonIsALinePerPicture) {
  const Outcome outcome = run({"predict", "-m", "pets.model", "new", "--json", "--top", "2"});
  EXPECT_EQ(outcome.status, 0);
  ASSERT_THAT(outcome.out_lines(), SizeIs(3));
  const auto document = nlohmann::json::parse(outcome.out_lines()[2]);
  EXPECT_THAT(keys(document), IsSupersetOf({"schema", "path", "label", "probability", "top"}));
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["path"], "new/2.png");
  EXPECT_EQ(document["label"], "owls");
  ASSERT_THAT(document["top"], SizeIs(2));
  EXPECT_EQ(document["top"][0]["label"], "owls");
  EXPECT_EQ(document["top"][0]["probability"], document["probability"]);
  EXPECT_GT(document["probability"], document["top"][1]["probability"]);
}

TEST_F(PredictCommand, CsvIsATableThatSpreadsheetsRead) {
  fs::rename(path("new/1.png"), path("new/a \"good\", dog.png"));
  write_test_file(path("new/bad.png"), "no picture");
  const Outcome outcome = run({"predict", "-m", "pets.model", "new", "--format", "csv"});
  EXPECT_EQ(outcome.status, 3);
  ASSERT_THAT(outcome.out_lines(), SizeIs(5)) << outcome.err;
  EXPECT_EQ(outcome.out_lines()[0], "path,label,probability,error");
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\nnew/0\\.png,cats,[01]\\.[0-9]+,\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\n\"new/a \"\"good\"\", dog\\.png\",dogs,[01]\\.[0-9]+,\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\nnew/bad.png,,,"));
  const Outcome unsure = run({"predict", "-m", "pets.model", "new/0.png", "--format", "csv", "--min-probability", "1"});
  EXPECT_THAT(unsure.out_lines().back(), testing::MatchesRegex("new/0\\.png,,0\\.[0-9]+,"));
  EXPECT_EQ(run({"predict", "-m", "pets.model", "new/0.png", "--format", "json"}).out,
            run({"predict", "-m", "pets.model", "new/0.png", "--json"}).out);
  expect_failure(2, " cannot be used with --", {"predict", "-m", "pets.model", "new", "--format", "csv", "--json"});
}

// Two classes whose names are Latin-1, and a third whose name reads like the escape of the first.
TEST_F(PredictCommand, NamesThatAreNotUtf8HaveOneEscapeEverywhere) {
  const Words folders = {"caf\xE9", "caf\xE8", "caf\\xe9"};
  const Words names = {"caf\\x5cxe9", "caf\\xe8", "caf\\xe9"};  // sorted as the folders' bytes are
  make_pictures("menu", folders, 8);
  ASSERT_EQ(run(quick_extract("menu", "menu.h5")).status, 0);
  const FeatureTable table = open_feature_file(path("menu.h5"));
  EXPECT_EQ(table.label_names, names);
  EXPECT_EQ(std::set(table.paths.begin(), table.paths.end()).size(), 24U);
  const auto features = json_line(run({"info", "menu.h5", "--json"}).out);
  EXPECT_EQ(features["classes"], (nlohmann::json{{names[0], 8}, {names[1], 8}, {names[2], 8}}));
  const auto report = json_line(run({"train", "-d", "menu.h5", "-m", "menu.model", "--json", "-q"}).out);
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(report["per_class"][i]["class"], names[i]);
  EXPECT_EQ(json_line(run({"info", "menu.model", "--json"}).out)["classes"], nlohmann::json(names));
  EXPECT_THAT(run({"train", "-d", "menu.h5", "-m", "menu.model", "--overwrite"}).out, HasSubstr(" " + names[2] + " "));

  const Outcome text = run({"predict", "-m", "menu.model", "menu/caf\xE8", "--top", "1"});
  ASSERT_THAT(text.out_lines(), SizeIs(8)) << text.err;
  EXPECT_THAT(text.out_lines()[0], testing::MatchesRegex("menu/caf.xe8/.*: caf.xe8 .*"));
  const auto lines = run({"predict", "-m", "menu.model", "menu/caf\xE9", "menu/caf\\xe9", "--json"}).out_lines();
  ASSERT_THAT(lines, SizeIs(16));
  std::set<std::string> paths;
  for (const std::string& line : lines) paths.insert(nlohmann::json::parse(line)["path"].get<std::string>());
  EXPECT_THAT(paths, SizeIs(16));
  EXPECT_THAT(*paths.rbegin(), StartsWith("menu/" + names[2] + "/"));
}

// A model of every pooling; `predict` is not told which.
TEST_F(PredictCommand, PoolsAsTheModelsFeaturesWerePooled) {
  for (const auto& [pool, columns] : {std::pair("avg", 64), {"max", 64}, {"2x2", 256}}) {
    SCOPED_TRACE(pool);
    ASSERT_EQ(
        run({"extract", "-d", "pets", "-o", "a.h5", "--layer", "block1_pool", "--pool", pool, "--overwrite"}).status,
        0);
    ASSERT_EQ(run({"train", "-d", "a.h5", "-m", "a.model", "--overwrite"}).status, 0);
    for (const char* file : {"a.h5", "a.model"}) {
      const auto document = json_line(run({"info", file, "--json"}).out);
      EXPECT_EQ(document["pool"], pool) << file;
      EXPECT_EQ(document["columns"], columns) << file;
    }
    const Outcome outcome = run({"predict", "-m", "a.model", "--top", "1", "new"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out_lines(), ElementsAre(StartsWith("new/0.png: cats"), StartsWith("new/1.png: dogs"),
                                                 StartsWith("new/2.png: owls")));
  }
}

TEST_F(PredictCommand, RefusesToLabelBelowTheLeastProbability) {
  const Words predict = {"predict", "-m", "pets.model", "new/1.png", "--min-probability"};
  const auto with = [&](const char* least, const Words& more = {}) {
    Words words = predict;
    words.emplace_back(least);
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  };
  // The highest probability is below 1, as is checked below, so 1 refuses it.
  EXPECT_THAT(with("0"), StartsWith("new/1.png: dogs "));
  EXPECT_THAT(with("1"), StartsWith("new/1.png: -, dogs "));
  EXPECT_THAT(with("1", {"--top", "1"}), testing::MatchesRegex("new/1\\.png: -, dogs [01]\\.[0-9]{4}\n"));
  const auto sure = json_line(with("0", {"--json"}));
  const auto refused = json_line(with("1", {"--json"}));
  EXPECT_EQ(sure["label"], "dogs");
  EXPECT_TRUE(refused["label"].is_null());
  for (const char* same : {"path", "probability", "top"}) EXPECT_EQ(sure[same], refused[same]);
  EXPECT_LT(sure["probability"], 1.0);
  // A probability that equals the least one is enough.
  EXPECT_EQ(json_line(with(sure["probability"].dump().c_str(), {"--json"})), sure);
}

TEST_F(PredictCommand, TakesFoldersAndListsOnStandardInput) {
  const Outcome folder = run({"predict", "-m", "pets.model", "new"});
  EXPECT_EQ(folder.status, 0);
  EXPECT_THAT(folder.out_lines(), SizeIs(3));
  const Outcome list = run({"predict", "-m", "pets.model", "-"}, {.input = "new/0.png\nnew/1.png\nnew/2.png"});
  EXPECT_EQ(list.status, 0);
  EXPECT_EQ(list.out, folder.out);
  for (const auto& [threads, batch] : {std::pair("1", "1"), {"2", "2"}}) {
    EXPECT_EQ(run({"predict", "-m", "pets.model", "new", "--threads", threads, "-b", batch}).out, folder.out);
  }
  expect_failure(1, "no pictures to predict", {"predict", "-m", "pets.model", "-"});
  fs::rename(path("new/1.png"), path("new/1 x.png"));
  const std::string expected = run({"predict", "-m", "pets.model", "new"}).out;
  for (const char* listing : {"-print0", "-print", "-printf '%p\\r\\n'"}) {
    const Outcome found =
        bash("find new -name '*.png' " + std::string(listing) + " | \"$VGG16\" predict -m pets.model - | sort");
    EXPECT_EQ(found.out, expected) << listing;
    EXPECT_EQ(found.err, "");
  }
  const std::string with_mark = "\xEF\xBB\xBFnew/0.png\r\nnew/1 x.png\r\nnew/2.png\r\n";
  EXPECT_EQ(run({"predict", "-m", "pets.model", "-"}, {.input = with_mark}).out, expected);
  fs::create_directory(path("empty"));
  expect_failure(1, "no pictures to predict", {"predict", "-m", "pets.model", "empty"});
}

TEST_F(PredictCommand, TakesNamesWithLineEndsSeparatedByNul) {
  fs::rename(path("new/1.png"), path("new/a\nb.png"));
  const std::string list("new/a\nb.png\0new/2.png\0", 22);
  for (const char* option : {"-0", "--null"}) {
    const Outcome outcome = run({"predict", "-m", "pets.model", option, "-"}, {.input = list});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out_lines(),
                testing::ElementsAre(StartsWith("new/a\\x0ab.png: dogs"), StartsWith("new/2.png: owls")));
  }
  const Outcome lines = run({"predict", "-m", "pets.model", "-"}, {.input = list});
  EXPECT_EQ(lines.status, 3);
  EXPECT_EQ(lines.out, "new/a: -\nb.png\\x00new/2.png\\x00: -\n");
  EXPECT_THAT(lines.err_lines(),
              testing::ElementsAre("vgg16: new/a: no such file",
                                   "vgg16: b.png\\x00new/2.png\\x00: no such file: its name has a NUL byte"));
}

TEST_F(PredictCommand, SaysOnceThatAPictureIsNoList) {
  expect_failure(4, "standard input holds a picture (PNG), expected a list of paths, such as a line with the path",
                 {"predict", "-m", "pets.model", "-"}, {.input = bytes("new/0.png")});
}

TEST_F(PredictCommand, AnswersForPicturesOfOtherFormats) {
  fs::create_directory(path("phone"));
  std::vector<std::string> expected;
  for (const auto& [format, start] : other_formats()) {
    const std::string name = "phone/" + std::to_string(expected.size()) + ".dat";
    write_test_file(path(name), start);
    expected.push_back(name + ": " + format + " is not supported");
  }
  const Outcome json = run({"predict", "-m", "pets.model", "phone", "--json"});
  EXPECT_EQ(json.status, 3);
  std::vector<std::string> answers;
  for (const std::string& line : json.out_lines()) {
    const auto answer = nlohmann::json::parse(line);
    answers.push_back(answer["path"].get<std::string>() + ": " + answer["error"].get<std::string>());
  }
  EXPECT_EQ(answers, expected);
  for (std::string& line : expected) line = "vgg16: " + line;
  EXPECT_EQ(json.err_lines(), expected);
  const Outcome both = run({"predict", "-m", "pets.model", "phone", "new", "-q"});
  EXPECT_EQ(both.status, 3);
  EXPECT_THAT(both.out_lines(), SizeIs(3));
  EXPECT_EQ(both.err_lines(), expected);
}

TEST_F(PredictCommand, ListsAFolderAsExtractDoes) {
  fs::create_directories(path("mixed/deep"));
  fs::copy_file(path("new/0.png"), path("mixed/deep/a.png"));
  fs::copy_file(path("new/1.png"), path("mixed/b.PNG"));
  fs::create_directory_symlink("../new", path("mixed/linked"));
  fs::create_directory_symlink("..", path("mixed/deep/up"));
  write_test_file(path("mixed/x.gif"), "GIF89a");
  write_test_file(path("mixed/notes.gif"), "text");
  ASSERT_EQ(mkfifo(path("mixed/p.jpg").c_str(), 0600), 0);
  const Outcome outcome = run({"predict", "-m", "pets.model", "mixed"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out_lines(),
              testing::ElementsAre(StartsWith("mixed/b.PNG: "), StartsWith("mixed/deep/a.png: "),
                                   StartsWith("mixed/linked/0.png: "), StartsWith("mixed/linked/1.png: "),
                                   StartsWith("mixed/linked/2.png: ")));
  EXPECT_THAT(
      outcome.err_lines(),
      testing::ElementsAre("vgg16: mixed/x.gif: GIF is not supported",
                           "vgg16: warning: mixed/deep/up: the same folder as the top folder, which is listed already",
                           "vgg16: mixed/p.jpg: not a regular file"));
}

TEST_F(PredictCommand, NamesFoldersThatItCannotList) {
  fs::create_symlink("/mnt/not-mounted/more", path("new/more"));
  const Outcome outcome = run({"predict", "-m", "pets.model", "new", "-q"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out_lines(), SizeIs(3));
  EXPECT_EQ(outcome.err, "vgg16: new/more: link cannot be followed: No such file or directory\n");
}

TEST_F(PredictCommand, UnreadablePicturesAreNamedAndTheOthersPredicted) {
  write_test_file(path("new/bad\n.jpg"), "no picture");
  const Words words = {"predict", "-m", "pets.model", "new/0.png", "new/bad\n.jpg", "missing.png", "new/2.png"};
  const Outcome text = run(words);
  EXPECT_EQ(text.status, 3);
  EXPECT_THAT(text.out_lines(), SizeIs(2));
  EXPECT_THAT(text.out_lines()[1], StartsWith("new/2.png: owls"));
  EXPECT_THAT(text.err_lines(), testing::ElementsAre(StartsWith("vgg16: new/bad\\x0a.jpg: not a JPEG or PNG"),
                                                     StartsWith("vgg16: missing.png: ")));
  Words with_json = words;
  with_json.emplace_back("--json");
  const Outcome json = run(with_json);
  EXPECT_EQ(json.status, 3);
  ASSERT_THAT(json.out_lines(), SizeIs(4));
  const auto error = nlohmann::json::parse(json.out_lines()[1]);
  EXPECT_EQ(keys(error), (std::vector<std::string>{"error", "path", "schema"}));
  EXPECT_EQ(error["path"], "new/bad\n.jpg");
  EXPECT_EQ(error["error"], "not a JPEG or PNG");
}

TEST_F(PredictCommand, TakesNamesThatLookLikeOptionsBehindTwoDashes) {
  write_test_file(path("-x.png"), class_picture(1, 5));
  EXPECT_EQ(run({"predict", "-m", "pets.model", "-x.png"}).status, 2);
  EXPECT_THAT(run({"predict", "-m", "pets.model", "--", "-x.png"}).out, StartsWith("-x.png: dogs"));
}

TEST_F(PredictCommand, RefusesOtherWeightsAndOtherRecipes) {
  Weights::synthetic(1)->save(path("other.safetensors"), WeightsType::kF16, {});
  expect_failure(4, "pets.model: trained on features of weights ",
                 {"predict", "-m", "pets.model", "new", "--weights", "other.safetensors"});
  std::string changed = bytes("pets.model");
  const std::string_view known = "keras-nearest-224-bgr-mean";
  changed.replace(changed.find(known), known.size(), "torch-nearest-224-bgr-mean");
  write_test_file(path("changed.model"), with_checksum_of_now(changed));
  expect_failure(4, "changed.model: made with preprocessing \"torch-nearest-224-bgr-mean\"",
                 {"predict", "-m", "changed.model", "new"});
  changed = bytes("pets.model");
  changed.replace(changed.find("block1_pool"), 11, "block2_pool");
  write_test_file(path("changed.model"), with_checksum_of_now(changed));
  expect_failure(4, "changed.model: the model expects 64 numbers, block2_pool gives 128",
                 {"predict", "-m", "changed.model", "new"});
}

TEST_F(PredictCommand, RefusesWhatIsNoModel) {
  expect_failure(1, "missing.model: no such file", {"predict", "-m", "missing.model", "new"});
  expect_failure(4, "pets.h5 is an HDF5 file; expected a model", {"predict", "-m", "pets.h5", "new"});
  expect_failure(2, "--model is required; pets.h5 is an HDF5 file; expected a model", {"predict", "pets.h5"});
  expect_failure(2, "--model is required; pets.model is a model; did you mean --model pets.model?",
                 {"predict", "pets.model", "new"});
  expect_failure(2, "--model is required; for example: ", {"predict", "new/0.png"});
  EXPECT_THAT(run({"predict", "-m", "pets.model", "pets.h5"}).err,
              HasSubstr("pets.h5: not a JPEG or PNG but an HDF5 file"));
  write_test_file(path("a.pickle"), "\x80\x04\x95 and code");
  expect_failure(4, "a.pickle is a Python pickle", {"predict", "-m", "a.pickle", "new"});
  write_test_file(path("cut.model"), bytes("pets.model").substr(0, 2000));
  expect_failure(4, "cut.model", {"predict", "-m", "cut.model", "new"});
}

}  // namespace
}  // namespace vgg16
