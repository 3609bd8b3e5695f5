#include "cli_test.h"
#include "old_features.h"
#include "support/npy_files.h"
#include "vgg16/classifier.h"

namespace vgg16 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

class TrainCommandLine : public CliTest {
 protected:
  // 24 pictures of three classes that differ in colour, in pets.h5.
  void extract_pets() const {
    make_pictures("pets", {"cats", "dogs", "owls"}, 8);
    ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  }
};

TEST_F(TrainCommandLine, SavesAModelAndPrintsTheReport) {
  extract_pets();
  const Outcome outcome = run({"train", "-d", "pets.h5", "-m", "pets.model"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "model saved: pets.model\nnext: vgg16 predict -m pets.model PICTURE...\n");
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("best C: "), HasSubstr("fitted on 18 rows, tested on 6"),
                                 HasSubstr("precision    recall  f1-score   support"), HasSubstr("accuracy"),
                                 HasSubstr("weighted avg"), HasSubstr("confusion"),
                                 HasSubstr("predict --min-probability    0.5    0.6")));
  for (const char* c : {"       0.1 ", "         1 ", "     10000 "}) EXPECT_THAT(outcome.out, HasSubstr(c));
  const Classifier model = Classifier::load(path("pets.model"));
  EXPECT_EQ(model.classes, (std::vector<std::string>{"cats", "dogs", "owls"}));
  EXPECT_EQ(model.columns, 64);
  EXPECT_EQ(model.recipe.layer, "block1_pool");
}

TEST_F(TrainCommandLine, JsonIsOneDocument) {
  extract_pets();
  const Outcome outcome = run({"train", "-d", "pets.h5", "-m", "pets.model", "--json", "-q", "--c", "0.5,2", "--folds",
                               "2", "--test-size", "0.5"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  const auto document = json_line(outcome.out);
  EXPECT_THAT(keys(document), IsSupersetOf({"schema", "best_c", "cv", "accuracy", "per_class", "confusion"}));
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["best_c"], 0.5);
  ASSERT_EQ(document["cv"].size(), 2U);
  EXPECT_EQ(document["cv"][1]["c"], 2.0);
  EXPECT_EQ(document["cv"][1]["scores"].size(), 2U);
  EXPECT_EQ(document["accuracy"], 1.0);
  ASSERT_EQ(document["per_class"].size(), 3U);
  EXPECT_EQ(document["per_class"][2]["class"], "owls");
  EXPECT_EQ(document["confusion"].size(), 3U);
  EXPECT_EQ(document["test_rows"], 12);
  EXPECT_EQ(document["tested_on"], "held-out rows");
  ASSERT_EQ(document["fits"].size(), 5U);
  EXPECT_EQ(keys(document["fits"][0]),
            (Words{"c", "fold", "gradient_norm", "iterations", "objective", "relative_gap", "seconds", "stop_reason"}));
  EXPECT_EQ(document["fits"][0]["fold"], 0);
  EXPECT_TRUE(document["fits"][4]["fold"].is_null());
  EXPECT_TRUE(document["suspects"].is_array());
  ASSERT_EQ(document["refusals"].size(), 7U);
  EXPECT_EQ(keys(document["refusals"][0]), (Words{"accuracy", "answered", "min_probability", "refused"}));
  for (const auto& at : document["refusals"]) EXPECT_EQ(at["refused"].get<int>() + at["answered"].get<int>(), 12);
}

TEST_F(TrainCommandLine, FormatChoosesHowTheReportIsPrinted) {
  extract_pets();
  const auto words = [](const char* format) {
    return Words{"train", "-d", "pets.h5", "-m", "pets.model", "-q", "--overwrite", "--format", format};
  };
  const Words table = run(words("csv")).out_lines();
  EXPECT_THAT(table, testing::ElementsAre("class,precision,recall,f1-score,support", StartsWith("cats,1,1,1,"),
                                          StartsWith("dogs,1,1,1,"), StartsWith("owls,1,1,1,"), "accuracy,,,1,6",
                                          "macro avg,1,1,1,6", "weighted avg,1,1,1,6"));
  EXPECT_EQ(json_line(run(words("json")).out)["accuracy"], 1.0);
  EXPECT_THAT(run(words("text")).out, HasSubstr("best C: "));
  expect_failure(2, "--format: \"xml\" is not text, csv or json", words("xml"));
}

TEST_F(TrainCommandLine, GivesTheSameBytesForAnyNumberOfThreads) {
  extract_pets();
  for (const char* jobs : {"1", "2", "-1"}) {
    EXPECT_EQ(run({"train", "-d", "pets.h5", "-m", std::string("pets.model") + jobs, "-j", jobs}).status, 0);
  }
  EXPECT_EQ(bytes("pets.model1"), bytes("pets.model2"));
  EXPECT_EQ(bytes("pets.model1"), bytes("pets.model-1"));
}

TEST_F(TrainCommandLine, FailsOnOutputsThatCannotBeWritten) {
  extract_pets();
  write_test_file(path("pets.model"), "something of value");
  expect_failure(1, "pets.model already exists; add --overwrite", {"train", "-d", "pets.h5", "-m", "pets.model"});
  expect_failure(1, "no/a.model cannot be created: there is no folder no",
                 {"train", "-d", "pets.h5", "-m", "no/a.model"});
  expect_failure(2, "./pets.h5 is both input and output", {"train", "-d", "pets.h5", "-m", "./pets.h5", "--overwrite"});
  expect_failure(1, "a.model", {"train", "-d", "pets.h5", "-m", "a.model"}, {.file_size_limit = 1000});
  EXPECT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--overwrite"}).status, 0);
  EXPECT_EQ(Classifier::load(path("pets.model")).columns, 64);
}

TEST_F(TrainCommandLine, TestsOnAFileOfItsOwn) {
  extract_pets();
  make_pictures("more", {"cats", "owls"}, 4);
  fs::copy_file(path("pets/dogs/0.png"), path("more/cats/copy.png"));
  ASSERT_EQ(run(quick_extract("more", "more.h5")).status, 0);
  const Outcome text = run({"train", "-d", "pets.h5", "-m", "a.model", "--test", "more.h5", "-v"});
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr(", fitted on 24 rows, tested on the 9 of more.h5\n"),
                              HasSubstr("  cats/copy.png  dogs/0.png  1.0000  of another class\n")));
  const auto document =
      json_line(run({"train", "-d", "pets.h5", "-m", "b.model", "--test", "more.h5", "--json", "-q"}).out);
  EXPECT_EQ(document["tested_on"], "test file");
  EXPECT_EQ(document["train_rows"], 24);
  EXPECT_EQ(document["test_rows"], 9);
  EXPECT_EQ(document["classes"], (Words{"cats", "dogs", "owls"}));
  ASSERT_EQ(document["predictions"].size(), 9U);
  EXPECT_EQ(document["predictions"][0]["row"], 0);
  EXPECT_EQ(bytes("a.model"), bytes("b.model"));

  ASSERT_EQ(run({"extract", "-d", "more", "-o", "max.h5", "--layer", "block1_pool", "--pool", "max"}).status, 0);
  expect_failure(4, "max.h5: pool max, but pets.h5 has avg; extract both with the same options",
                 {"train", "-d", "pets.h5", "-m", "c.model", "--test", "max.h5"});
  expect_failure(1, "missing.h5", {"train", "-d", "pets.h5", "-m", "c.model", "--test", "missing.h5"});
  expect_failure(2, "more.h5 is both input and output",
                 {"train", "-d", "pets.h5", "-m", "more.h5", "--test", "more.h5", "--overwrite"});
  for (const auto& [option, value] : {std::pair("--test-size", "0.5"), {"--split", "tail"}}) {
    expect_failure(2, option, {"train", "-d", "pets.h5", "-m", "c.model", "--test", "more.h5", option, value});
  }
}

TEST_F(TrainCommandLine, TrainsOnEveryRowAndJudgesThemOutOfFold) {
  extract_pets();
  const Outcome text = run({"train", "-d", "pets.h5", "-m", "a.model", "--test-size", "0"});
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr(", fitted on 24 rows, none held out\nscores are of out-of-fold predictions"),
                              HasSubstr("accuracy                           1.00        24\n")));
  const auto document =
      json_line(run({"train", "-d", "pets.h5", "-m", "b.model", "--test-size", "0", "--json", "-q"}).out);
  EXPECT_EQ(document["tested_on"], "out-of-fold predictions");
  EXPECT_EQ(document["test_rows"], 0);
  EXPECT_EQ(document["predictions"].size(), 24U);
}

TEST_F(TrainCommandLine, ListsLabelsThatMayBeWrong) {
  make_pictures("pets", {"cats", "dogs", "owls"}, 12);
  fs::rename(path("pets/dogs/7.png"), path("pets/owls/dog.png"));
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  const Outcome text = run({"train", "-d", "pets.h5", "-m", "a.model", "--test-size", "0", "--c", "0.01"});
  EXPECT_THAT(text.out, HasSubstr("\nlabels that may be wrong, by fits that did not train on the row, the worst first\n"
                                  "  owls/dog.png: labelled owls 0."));
  const auto document = json_line(
      run({"train", "-d", "pets.h5", "-m", "b.model", "--test-size", "0", "--c", "0.01", "--json", "-q"}).out);
  ASSERT_EQ(document["suspects"].size(), 1U);
  const auto& suspect = document["suspects"][0];
  EXPECT_EQ(keys(suspect),
            (Words{"held_out", "label", "label_probability", "name", "predicted", "predicted_probability", "row"}));
  EXPECT_EQ(suspect["name"], "owls/dog.png");
  EXPECT_EQ(suspect["label"], "owls");
  EXPECT_EQ(suspect["predicted"], "dogs");
  EXPECT_EQ(suspect["held_out"], false);
}

TEST_F(TrainCommandLine, RefusesWhatItCannotLearnFrom) {
  expect_failure(1, "missing.h5", {"train", "-d", "missing.h5", "-m", "a.model"});
  write_test_file(path("text.h5"), "no features");
  expect_failure(4, "text.h5", {"train", "-d", "text.h5", "-m", "a.model"});
  write_test_file(path("empty.h5"), "");
  expect_failure(4, "empty.h5", {"train", "-d", "empty.h5", "-m", "a.model"});
  fs::create_directory(path("folder.h5"));
  expect_failure(1, "folder.h5: no JPEG or PNG files in folders below it",
                 {"train", "-d", "folder.h5", "-m", "a.model"});
}

TEST_F(TrainCommandLine, RefusesTooFewClassesOrPictures) {
  make_pictures("cats", {"cats"}, 8);
  EXPECT_EQ(run(quick_extract("cats", "cats.h5")).status, 0);
  expect_failure(4, "cats.h5: all rows belong to one class, cats; expected at least two classes",
                 {"train", "-d", "cats.h5", "-m", "a.model"});
  make_pictures("few", {"cats", "dogs"}, 8);
  make_pictures("few", {"owls"}, 2);
  EXPECT_EQ(run(quick_extract("few", "few.h5", {"--no-shuffle"})).status, 0);
  expect_failure(
      4, "few.h5: class owls has 0 of its 2 rows among the 13 training rows; expected at least as many as folds, 3",
      {"train", "-d", "few.h5", "-m", "a.model"});
}

TEST_F(TrainCommandLine, WeighsClassesAndChoosesCByTheScoreAskedFor) {
  extract_pets();
  const Outcome outcome = run({"train", "-d", "pets.h5", "-m", "pets.model", "--class-weight", "owls=2.5", "--score",
                               "balanced", "--c", "0.5,2"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("         C  balanced  deviation"), HasSubstr("best C by balanced accuracy: ")));
  const auto document = json_line(
      run({"train", "-d", "pets.h5", "-m", "b.model", "--class-weight", "balanced", "--score", "f1", "--json"}).out);
  EXPECT_EQ(document["score"], "macro F1");
  EXPECT_EQ(keys(document["class_weights"]), (Words{"cats", "dogs", "owls"}));
  expect_failure(2, "class weight fish: no class has this name; the classes are cats, dogs, owls",
                 {"train", "-d", "pets.h5", "-m", "a.model", "--class-weight", "fish=2"});
  expect_failure(2, "class weight owls: expected a number above 0",
                 {"train", "-d", "pets.h5", "-m", "a.model", "--class-weight", "owls=0"});
  expect_failure(2, "\"roc\" is not accuracy, balanced, log-loss or f1",
                 {"train", "-d", "pets.h5", "-m", "a.model", "--score", "roc"});
}

TEST_F(TrainCommandLine, TrainsASvmThatPredictTakesLikeAnyModel) {
  extract_pets();
  const auto document =
      json_line(run({"train", "-d", "pets.h5", "-m", "pets.model", "--classifier", "svm", "--json", "-q"}).out);
  EXPECT_EQ(document["classifier"], "svm");
  EXPECT_EQ(document["solver"], "newton");
  ASSERT_EQ(document["cv"].size(), 6U);
  EXPECT_EQ(document["cv"][0]["c"], 1e-8) << "the SVM's own default";
  EXPECT_EQ(Classifier::load(path("pets.model")).kind, ClassifierKind::kSvm);
  const auto predicted = json_line(run({"predict", "-m", "pets.model", "pets/cats/0.png", "--json"}).out);
  EXPECT_EQ(predicted["label"], "cats");
  expect_failure(2, "solver lbfgs: only logistic regression has a choice of solvers",
                 {"train", "-d", "pets.h5", "-m", "a.model", "--classifier", "svm", "--solver", "lbfgs"});
  EXPECT_EQ(
      json_line(run({"train", "-d", "pets.h5", "-m", "b.model", "--solver", "lbfgs", "--json", "-q"}).out)["solver"],
      "lbfgs");
}

TEST_F(TrainCommandLine, GrowsAForestThatPredictTakesLikeAnyModel) {
  extract_pets();
  const Outcome text = run({"train", "-d", "pets.h5", "-m", "pets.model", "--classifier", "forest", "--trees", "20,40",
                            "--min-leaf", "1,2", "-v"});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("     trees  min leaf  accuracy  deviation  log loss  rank  per fold\n"),
                    HasSubstr("\nbest forest: "), HasSubstr("\nout-of-bag accuracy "),
                    HasSubstr("\nshare of what the splits took off the impurity, by"), Not(HasSubstr("relative gap"))));
  const auto document = json_line(
      run({"train", "-d", "pets.h5", "-m", "b.model", "--classifier", "forest", "--trees", "20", "--json", "-q"}).out);
  EXPECT_EQ(document["classifier"], "forest");
  EXPECT_TRUE(document["best_c"].is_null());
  EXPECT_TRUE(document["solver"].is_null());
  EXPECT_EQ(document["best"]["trees"], 20);
  EXPECT_EQ(keys(document["cv"][0]), (Words{"log_loss", "mean", "min_leaf", "rank", "scores", "std", "trees"}));
  EXPECT_EQ(keys(document["logistic"]), (Words{"c", "log_loss", "mean", "scores", "std"}));
  EXPECT_EQ(keys(document["forest"]), (Words{"importance", "out_of_bag_accuracy", "out_of_bag_rows"}));
  EXPECT_EQ(document["fits"].size(), 0U);
  EXPECT_EQ(json_line(run({"predict", "-m", "pets.model", "pets/cats/0.png", "--json"}).out)["label"], "cats");
  const auto info = json_line(run({"info", "b.model", "--json"}).out);
  EXPECT_EQ(info["classifier"], "forest");
  EXPECT_EQ(info["trees"], 20);
  const auto refuse = [&](const char* message, std::vector<std::string> options) {
    options.insert(options.begin(), {"train", "-d", "pets.h5", "-m", "a.model"});
    expect_failure(2, message, options);
  };
  refuse("--c 1: --classifier forest has no C; its sizes are --trees and --min-leaf",
         {"--classifier", "forest", "--c", "1"});
  refuse("--trees 10: --classifier logistic has no trees; add --classifier forest", {"--trees", "10"});
  refuse("--min-leaf 2: --classifier svm has no leaves; add --classifier forest",
         {"--classifier", "svm", "--min-leaf", "2"});
  refuse("solver newton: only logistic regression has a choice of solvers",
         {"--classifier", "forest", "--solver", "newton"});
  refuse("\"10,0\" is not a list of whole numbers from 1 to 100000", {"--classifier", "forest", "--trees", "10,0"});
}

TEST_F(TrainCommandLine, ReachesTheOptimumOfScikitLearn) {
  need_python("h5py,numpy,sklearn");
  if (IsSkipped()) return;
  make_pictures("pets", {"cats", "dogs", "owls"}, 12);
  EXPECT_EQ(run({"extract", "-d", "pets", "-o", "pets.h5", "--layer", "block3_pool", "--pool", "max"}).status, 0);
  write_test_file(path("report.json"), run({"train", "-d", "pets.h5", "-m", "pets.model", "--json"}).out);
  EXPECT_EQ(run_script("compare_training.py", quoted(path("pets.h5")) + " " + quoted(path("report.json"))), 0);
}

TEST_F(TrainCommandLine, TakesFilesOfTheOldScript) {
  std::vector<double> features;
  std::vector<int64_t> labels;
  for (int64_t row = 0; row < 16; ++row) {
    labels.push_back(row % 2);
    for (int64_t column = 0; column < 25088; ++column) features.push_back(column % 2 == row % 2 ? 0.5 : 0.0);
  }
  write_old_features(path("old.h5"), features, labels, {"cats", "dogs"});
  const Outcome trained = run({"train", "-d", "old.h5", "-m", "old.model"});
  EXPECT_EQ(trained.status, 0);
  EXPECT_EQ(trained.err,
            "vgg16: warning: old.h5 does not record how it was made; assuming block5_pool and unknown weights, as in "
            "files of "
            "the old scripts\nmodel saved: old.model\nnext: vgg16 predict -m old.model PICTURE...\n");
  make_pictures("new", {"cats"}, 2);
  const Outcome predicted = run({"predict", "-m", "old.model", "new"});
  EXPECT_EQ(predicted.status, 0);
  EXPECT_EQ(predicted.out_lines().size(), 2U);
  ASSERT_EQ(predicted.err_lines().size(), 1U) << predicted.err;
  EXPECT_THAT(predicted.err, HasSubstr("vgg16: warning: old.model does not record which weights and preprocessing"));
}

// Rows of any program, their labels in a file of their own; the model classifies such rows, and no pictures.
TEST_F(TrainCommandLine, TakesRowsAndLabelsOfOtherPrograms) {
  std::vector<float> values;
  std::string labels = "id,label\n";
  for (int row = 0; row < 40; ++row) {
    const int label = row * 7 % 3;
    for (int column = 0; column < 5; ++column) {
      values.push_back(static_cast<float>((column == label ? 4 : 0) + (row * 13 + column * 5) % 7) / 4);
    }
    labels += std::to_string(row) + ",c" + std::to_string(label) + "\n";
  }
  write_test_file(path("x.npy"), npy_floats(values, 5));
  write_test_file(path("x-1.npy"), npy_floats({values.begin(), values.begin() + 75}, 5));
  write_test_file(path("x-2.npy"), npy_floats({values.begin() + 75, values.end()}, 5));
  write_test_file(path("y.csv"), labels);
  const Outcome whole = run({"train", "-d", "x.npy", "--labels", "y.csv", "-m", "whole.model"});
  EXPECT_EQ(whole.status, 0) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("x.npy does not record how it was made; the model will classify rows of such "
                                   "features (predict --features), not pictures"));
  EXPECT_EQ(run({"train", "-d", "x-1.npy", "x-2.npy", "--labels", "y.csv", "-m", "parts.model"}).status, 0);
  EXPECT_TRUE(bytes("parts.model") == bytes("whole.model"));

  const Outcome predicted = run({"predict", "-m", "whole.model", "--features", "x.npy"});
  EXPECT_EQ(predicted.status, 0) << predicted.err;
  EXPECT_THAT(predicted.out, StartsWith("row 0: c0 "));
  EXPECT_THAT(predicted.out, HasSubstr("\nrow 39: c0 "));
  const Outcome as_json = run({"predict", "-m", "whole.model", "--features", "x-2.npy", "--json", "--top", "1"});
  const nlohmann::json first = json_line(as_json.out.substr(0, as_json.out.find('\n') + 1));
  EXPECT_THAT(keys(first), testing::UnorderedElementsAre("schema", "row", "label", "probability", "top"));
  EXPECT_EQ(first["row"], 0);
  EXPECT_EQ(first["label"], "c0");

  values[7] = INFINITY;
  write_test_file(path("bad.npy"), npy_floats({values.begin(), values.begin() + 15}, 5));
  const Outcome bad = run({"predict", "-m", "whole.model", "--features", "bad.npy"});
  EXPECT_EQ(bad.status, 3);
  EXPECT_THAT(bad.err, HasSubstr("bad.npy: row 1: "));
  EXPECT_THAT(bad.out, HasSubstr("\nrow 2: "));
  write_test_file(path("narrow.npy"), npy_floats({1, 2, 3}, 3));
  expect_failure(4, "narrow.npy has rows of 3 numbers, whole.model was trained on rows of 5",
                 {"predict", "-m", "whole.model", "--features", "narrow.npy"});
  expect_failure(4, "does not record what computed them, so it cannot classify pictures",
                 {"predict", "-m", "whole.model", "a.jpg"});
  expect_failure(2, "pictures or --features, not both",
                 {"predict", "-m", "whole.model", "a.jpg", "--features", "x.npy"});
  expect_failure(4, "x.npy is a NumPy array, which holds no labels; name their file with --labels",
                 {"train", "-d", "x.npy", "-m", "a.model"});
  expect_failure(4, "y.csv holds more labels, expected one for each of the 25 rows of x-2.npy",
                 {"train", "-d", "x-2.npy", "--labels", "y.csv", "-m", "a.model"});
}

}  // namespace
}  // namespace vgg16
