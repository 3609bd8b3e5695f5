#include <algorithm>
#include <array>

#include "cli_test.h"
#include "vgg16/build_info.h"
#include "vgg16/feature_file.h"
#include "vgg16/weights.h"
#include "weights_files.h"

namespace vgg16 {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class ExtractCommand : public CliTest {};

TEST_F(ExtractCommand, WritesOneRowPerPictureAndSaysSo) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  const Outcome outcome = run(quick_extract("pets", "pets.h5"));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("pets.h5: 6 rows of 64 numbers, 2 classes, 0 skipped; "));
  EXPECT_EQ(outcome.err, "");
  const FeatureTable table = open_feature_file(path("pets.h5"));
  EXPECT_EQ(table.rows, 6);
  EXPECT_EQ(table.columns, 64);
  EXPECT_THAT(table.label_names, ElementsAre("cats", "dogs"));
  for (size_t row = 0; row < 6; ++row) {
    EXPECT_EQ(fs::path(table.paths[row]).parent_path(), table.label_names[static_cast<size_t>(table.labels[row])]);
  }
  EXPECT_EQ(table.recipe.layer, "block1_pool");
  EXPECT_EQ(table.recipe.pool, "avg");
  EXPECT_EQ(files().count("pets.h5.partial"), 0U);
}

TEST_F(ExtractCommand, JsonIsOneDocument) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  write_test_file(path("pets/dogs/x.jpg"), "no picture");
  const Outcome outcome = run(quick_extract("pets", "pets.h5", {"--json", "--max-skipped", "1"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto document = json_line(outcome.out);
  EXPECT_THAT(keys(document), IsSupersetOf({"schema", "output", "rows", "classes", "skipped", "seconds"}));
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["output"], "pets.h5");
  EXPECT_EQ(document["rows"], 6);
  EXPECT_EQ(document["classes"], nlohmann::json({"cats", "dogs"}));
  EXPECT_EQ(document["skipped"], nlohmann::json::parse(R"([{"path":"dogs/x.jpg","reason":"not a JPEG or PNG"}])"));
  EXPECT_GE(document["seconds"], 0);
}

TEST_F(ExtractCommand, QuietSaysOnlyTheResult) {
  make_pictures("pets", {"cats", "dogs"}, 2);
  write_test_file(path("pets/dogs/x.jpg"), "no picture");
  const Outcome outcome = run(quick_extract("pets", "pets.h5", {"-q", "--max-skipped", "1"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out_lines(), testing::SizeIs(1));
}

TEST_F(ExtractCommand, SkippedPicturesAreListedAndDecideTheStatus) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  write_test_file(path("pets/dogs/x.jpg"), "no picture");
  const auto status = [&](const std::string& allowed) {
    const Outcome outcome = run(quick_extract("pets", "pets.h5", {"--overwrite", "--max-skipped", allowed}));
    EXPECT_THAT(outcome.err, HasSubstr("vgg16: skipped 1 picture:\n  dogs/x.jpg: not a JPEG or PNG\n"));
    EXPECT_THAT(outcome.out, HasSubstr("6 rows of 64 numbers, 2 classes, 1 skipped"));
    EXPECT_EQ(open_feature_file(path("pets.h5")).rows, 6);
    EXPECT_EQ(read_skipped(path("pets.h5")).size(), 1U);
    if (outcome.status == 3) {
      EXPECT_EQ(outcome.err_lines().back(),
                "vgg16: pets.h5 is complete, but 1 picture was skipped of 7, more than "
                "--max-skipped " +
                    allowed + " allows");
    }
    return outcome.status;
  };
  EXPECT_EQ(status("1%"), 3);
  EXPECT_EQ(status("0"), 3);
  EXPECT_EQ(status("14%"), 3);
  EXPECT_EQ(status("1"), 0);
  EXPECT_EQ(status("15%"), 0);
  EXPECT_EQ(status("100%"), 0);
}

TEST_F(ExtractCommand, TakesOtherProgramsNamesOfLayers) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  for (const char* name : {"pool1", "features.4"}) {
    const Outcome outcome =
        run({"extract", "-d", "pets", "-o", "a.h5", "--layer", name, "--pool", "avg", "--overwrite"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(open_feature_file(path("a.h5")).recipe.layer, "block1_pool");
  }
}

TEST_F(ExtractCommand, ADryRunSaysWhatWouldBeWrittenAndWritesNothing) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  write_test_file(path("pets/dogs/x.jpg"), "no picture");
  const auto before = files();
  const Outcome text = run(quick_extract("pets", "pets.h5", {"--dry-run", "--max-skipped", "1"}));
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, testing::StartsWith("pets.h5 would have 6 rows of 64 numbers, 0.0 MB, and take about "));
  EXPECT_THAT(text.out, testing::EndsWith(" s; 1 picture would be skipped\n  cats: 3\n  dogs: 3\n"));
  EXPECT_THAT(text.err, HasSubstr("dogs/x.jpg: not a JPEG or PNG"));
  const auto json = json_line(run(quick_extract("pets", "pets.h5", {"--dry-run", "--max-skipped", "1", "--json"})).out);
  EXPECT_EQ(json["rows"], 6);
  EXPECT_EQ(json["bytes"], 6 * 64 * 4);
  EXPECT_GT(json["seconds"], 0);
  EXPECT_EQ(json["per_class"][1], nlohmann::json::parse(R"({"class":"dogs","rows":3})"));
  EXPECT_EQ(json["skipped"][0]["path"], "dogs/x.jpg");
  const Outcome many = run(quick_extract("pets", "pets.h5", {"--dry-run"}));
  EXPECT_EQ(many.status, 3);
  EXPECT_EQ(many.err_lines().back(), "vgg16: 1 picture would be skipped of 7, more than --max-skipped 1% allows");
  EXPECT_EQ(files(), before);
}

// The PNG's chunks and their checksums are valid, the compressed data is not: only decoding finds the error.
FileBytes undecodable_picture() {
  return png_of(
      {png_header({.width = 8, .height = 8}), png_chunk("IDAT", file_bytes("not deflated")), png_chunk("IEND", {})});
}

TEST_F(ExtractCommand, PicturesThatCannotBeDecodedBecomeNoRows) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  fs::create_directory(path("pets/owls"));
  write_test_file(path("pets/owls/only.png"), undecodable_picture());
  const Words command = quick_extract("pets", "pets.h5", {"--json", "-q", "--max-skipped", "1"});
  const auto first = json_line(run(command).out);
  EXPECT_EQ(first["rows"], 6);
  EXPECT_EQ(first["classes"], nlohmann::json({"cats", "dogs"}));
  EXPECT_EQ(first["skipped"][0]["path"], "owls/only.png");
  Words again = command;
  again.emplace_back("--resume");
  auto second = json_line(run(again).out);
  for (const char* same : {"rows", "classes", "skipped"}) EXPECT_EQ(second[same], first[same]);
}

TEST_F(ExtractCommand, APictureThatChangesMeanwhileBecomesNoRow) {
  make_pictures("pets", {"cats", "dogs"}, 20);  // through the whole network, a few hundredths of a second each
  Process process(command({"extract", "-d", "pets", "-o", "pets.h5", "-b", "1", "--no-shuffle", "--max-skipped", "1"}),
                  folder_, scratch_, {});
  EXPECT_TRUE(process.wait_until([&] { return fs::exists(path("pets.h5.partial")); }));
  write_test_file(path("new.png"), class_picture(0, 12345));
  fs::rename(path("new.png"), path("pets/dogs/9.png"));  // the last
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("  dogs/9.png: changed since the folder was listed\n"));
  EXPECT_EQ(open_feature_file(path("pets.h5")).rows, 39);
}

TEST_F(ExtractCommand, FailsOnFoldersWithoutUsablePictures) {
  expect_failure(1, "missing: no such directory", quick_extract("missing", "a.h5"));
  write_test_file(path("file"), "x");
  expect_failure(1, "file is not a directory", quick_extract("file", "a.h5"));
  fs::create_directory(path("empty"));
  expect_failure(1, "empty: no JPEG or PNG files", quick_extract("empty", "a.h5"));
  fs::create_directories(path("text/cats"));
  write_test_file(path("text/cats/x.jpg"), "no picture");
  expect_failure(1, "text: no usable picture among 1; the first, cats/x.jpg: not a JPEG or PNG",
                 quick_extract("text", "a.h5"));
  fs::create_directories(path("broken/cats"));
  for (const char* name : {"x", "y", "z"}) {
    write_test_file(path("broken/cats/" + std::string(name) + ".png"), undecodable_picture());
  }
  expect_failure(1, "none of the 3 pictures is usable; the first, cats/", quick_extract("broken", "a.h5"));
  fs::create_directory(path("flat"));
  write_test_file(path("flat/1.png"), class_picture(0, 1));
  expect_failure(4, "flat holds 1 pictures but no class folders; expected one folder per class",
                 quick_extract("flat", "a.h5"));
}

TEST_F(ExtractCommand, NamesPicturesOfOtherFormatsByKind) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  for (int i = 10; i < 35; ++i) {
    write_test_file(path("pets/cats/" + std::to_string(i)), other_formats()[i % 5 == 0 ? 0 : 5].bytes);
  }
  const Outcome outcome = run(quick_extract("pets", "pets.h5"));
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("6 rows of 64 numbers, 2 classes, 25 skipped"));
  const std::vector<std::string> lines = outcome.err_lines();
  ASSERT_EQ(lines.size(), 24U) << outcome.err;
  EXPECT_EQ(lines[0], "vgg16: skipped 25 pictures:");
  EXPECT_EQ(lines[1], "  cats/10: GIF is not supported");
  EXPECT_EQ(lines[2], "  cats/11: HEIC is not supported");
  EXPECT_EQ(lines[21], "  and 5 more; --verbose lists all, and so does the file");
  EXPECT_EQ(lines[22], "  of all: HEIC is not supported (20), GIF is not supported (5)");
}

TEST_F(ExtractCommand, WarnsOfUnusualFoldersBeforeTheWork) {
  for (const char* name : {"n01", "n02", "n03"}) make_pictures("tiny/" + std::string(name), {"images"}, 8);
  const Outcome outcome = run(quick_extract("tiny", "a.h5"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("24 rows of 64 numbers, 1 class, 0 skipped"));
  EXPECT_THAT(outcome.err, testing::StartsWith("vgg16: warning: tiny: 1 class is drawn from several folders; the "
                                               "first, images, from 3, such as n01/images and "
                                               "n02/images; "));
  EXPECT_EQ(run(quick_extract("tiny", "b.h5", {"-q"})).err, "");
}

// Synology's file server keeps a folder of thumbnails, named like the picture, in @eaDir.
TEST_F(ExtractCommand, TakesFoldersNamedLikePictures) {
  make_pictures("pets", {"cats", "logo.png", "icon.gif", "cats/@eaDir/0.png"}, 8);
  const Outcome outcome = run(quick_extract("pets", "a.h5", {"--json"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  const auto document = json_line(outcome.out);
  EXPECT_EQ(document["rows"], 24);
  EXPECT_EQ(document["classes"], nlohmann::json({"cats", "icon.gif", "logo.png"}));
}

TEST_F(ExtractCommand, LosesNoClassFolderUnlessAllowedTo) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  fs::create_symlink("/mnt/not-mounted/owls", path("pets/owls"));
  for (const char* allowed : {"1%", "99.9%", "1000"}) {
    expect_failure(1, "pets: a folder would be left out: owls (link cannot be followed: No such file or directory)",
                   quick_extract("pets", "pets.h5", {"-q", "--max-skipped", allowed}));
  }
  const Outcome outcome = run(quick_extract("pets", "pets.h5", {"-q", "--json", "--max-skipped", "100%"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "vgg16: warning: pets/owls: link cannot be followed: No such file or directory\n");
  EXPECT_EQ(json_line(outcome.out)["skipped"][0]["path"], "owls");
}

TEST_F(ExtractCommand, WalksDeepTreesOnASmallStack) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  const std::string extract = "ulimit -s 256; \"$VGG16\" extract -d pets -o pets.h5 --layer block1_pool --pool avg";
  const Outcome deep = bash("d=pets/$(printf 'd/%.0s' {1..1900}); mkdir -p $d; cp pets/cats/0.png $d; " + extract);
  EXPECT_EQ(deep.status, 0) << deep.err;
  EXPECT_EQ(open_feature_file(path("pets.h5")).rows, 3);
  const Outcome deeper =
      bash("(cd pets/$(printf 'd/%.0s' {1..1900}); mkdir -p $(printf 'd/%.0s' {1..190})); " + extract + " --overwrite");
  EXPECT_EQ(deeper.status, 1);
  EXPECT_THAT(deeper.err, HasSubstr("d/d (folder cannot be listed: File name too long)"));
}

TEST_F(ExtractCommand, FailsOnOutputsThatCannotBeWritten) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  write_test_file(path("a.h5"), "something of value");
  expect_failure(1, "a.h5 already exists; add --overwrite to replace it or --resume to continue it",
                 quick_extract("pets", "a.h5"));
  expect_failure(4, "a.h5", quick_extract("pets", "a.h5", {"--resume"}));
  expect_failure(1, "pets is a folder; expected a file to write", quick_extract("pets", "pets", {"--overwrite"}));
  expect_failure(1, "no/a.h5 cannot be created: there is no folder no", quick_extract("pets", "no/a.h5"));
  expect_failure(1, "/proc/a.h5 cannot be created: ", quick_extract("pets", "/proc/a.h5"));
  expect_failure(2, "the output file has an empty name", quick_extract("pets", ""));
  expect_failure(1, "b.h5 needs 211 kB, the limit for one file is 100 kB", {"extract", "-d", "pets", "-o", "b.h5"},
                 {.file_size_limit = 100'000});
}

TEST_F(ExtractCommand, ReplacesAnOutputOnlyWhenAsked) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  write_test_file(path("a.h5"), "something old");
  write_test_file(path("a.h5.partial"), "something older");
  EXPECT_EQ(run(quick_extract("pets", "a.h5", {"--overwrite"})).status, 0);
  EXPECT_EQ(open_feature_file(path("a.h5")).rows, 2);
  EXPECT_EQ(files().count("a.h5.partial"), 0U);
  write_test_file(path("b.h5.partial"), "something older");
  expect_failure(1, "b.h5.partial is left from an interrupted run; add --resume to continue it or --overwrite",
                 quick_extract("pets", "b.h5"));
}

TEST_F(ExtractCommand, RefusesWrongWeights) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  expect_failure(1, "missing.h5: no such file", quick_extract("pets", "a.h5", {"--weights", "missing.h5"}));
  expect_failure(1, "missing.h5: no such file", quick_extract("pets", "a.h5"),
                 {.environment = {"VGG16_WEIGHTS=missing.h5"}});
  write_test_file(path("page.h5"), "<!DOCTYPE html><html>404</html>");
  expect_failure(4, "page.h5 is an HTML page", quick_extract("pets", "a.h5", {"--weights", "page.h5"}));
  write_test_file(path("lfs.h5"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  expect_failure(4, "lfs.h5 is a Git LFS pointer", quick_extract("pets", "a.h5", {"--weights", "lfs.h5"}));
  write_wrong_shape_weights(path("shape.safetensors"));
  expect_failure(4, "block1_conv1/kernel in shape.safetensors: shape (3, 3, 64, 3), expected (3, 3, 3, 64)",
                 quick_extract("pets", "a.h5", {"--weights", "shape.safetensors"}));
}

TEST_F(ExtractCommand, TakesWeightsFromTheOptionThenTheEnvironmentThenTheProgram) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  Weights::synthetic(1)->save(path("one.safetensors"), WeightsType::kF16, {});
  Weights::synthetic(2)->save(path("two.safetensors"), WeightsType::kF16, {});
  const RunOptions environment = {.environment = {"VGG16_WEIGHTS=two.safetensors"}};
  EXPECT_EQ(run(quick_extract("pets", "a.h5")).status, 0);
  EXPECT_EQ(run(quick_extract("pets", "b.h5"), environment).status, 0);
  EXPECT_EQ(run(quick_extract("pets", "c.h5", {"--weights", "one.safetensors"}), environment).status, 0);
  const auto digest = [&](const char* file) { return open_feature_file(path(file)).recipe.weights_sha256; };
  EXPECT_EQ(digest("a.h5"), read_bytes(fs::path(VGG16_SOURCE_DIR) / "weights/vgg16-f16.digest").substr(0, 64));
  EXPECT_EQ(digest("b.h5"), Weights::load(path("two.safetensors"))->sha256());
  EXPECT_EQ(digest("c.h5"), Weights::load(path("one.safetensors"))->sha256());
}

TEST_F(ExtractCommand, GivesTheSameBytesForAnyThreadsBatchAndBuffer) {
  make_pictures("pets", {"cats", "dogs", "owls"}, 11);
  const auto extracted = [&](const Words& more) {
    Words all = {"--overwrite"};
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_EQ(run(quick_extract("pets", "a.h5", all)).status, 0);
    return bytes("a.h5");
  };
  const std::string expected = extracted({});
  for (const char* threads : {"1", "2"}) {
    for (const char* batch : {"1", "7", "32"}) {
      EXPECT_EQ(extracted({"--threads", threads, "--batch-size", batch}), expected) << threads << " " << batch;
    }
  }
  for (const char* buffer : {"1", "1000"}) EXPECT_EQ(extracted({"--buffer-size", buffer}), expected) << buffer;
}

TEST_F(ExtractCommand, GivesTheSameBytesThroughTheWholeNetwork) {
  make_pictures("pets", {"cats", "dogs"}, 2);
  const Words command = {"extract", "-d", "pets", "-o", "a.h5", "--overwrite"};
  EXPECT_EQ(run(command).status, 0);
  const std::string expected = bytes("a.h5");
  EXPECT_EQ(open_feature_file(path("a.h5")).columns, 25088);
  for (const auto& [threads, batch] : {std::pair("1", "1"), {"2", "3"}}) {
    Words changed = command;
    for (const char* word : {"--threads", threads, "--batch-size", batch}) changed.emplace_back(word);
    EXPECT_EQ(run(changed).status, 0);
    EXPECT_EQ(bytes("a.h5"), expected) << threads << " " << batch;
  }
}

TEST_F(ExtractCommand, ComputesInBf16WhereTheMachineCan) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  const Words command = {"extract", "-d", "pets", "-o", "a.h5", "--layer", "block2_pool", "--precision", "bf16"};
  const auto here = build_info().precisions;
  if (std::find(here.begin(), here.end(), "bf16") == here.end()) return expect_failure(1, "bf16", command);
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err.find("slower than f32") != std::string::npos, !build_info().slow_precisions.empty());
  EXPECT_EQ(open_feature_file(path("a.h5")).recipe.precision, "bf16");
}

TEST_F(ExtractCommand, NeverTakesTheCpuForAGpu) {
  make_pictures("pets", {"cats", "dogs"}, 1);
  for (const char* device : {"cuda", "cuda:3"}) {
    const Words command = {"extract", "-d", "pets", "-o", "a.h5", "--device", device};
    expect_failure(1, "CUDA", command);
    EXPECT_THAT(run(command).err, Not(HasSubstr("cudaGet")));
    Words verbose = command;
    verbose.emplace_back("-v");
    EXPECT_EQ(run(verbose).err.find(" [cudaGet") != std::string::npos, build_info().backends.size() > 1);
  }
  for (const char* precision : {"tf32", "f16"}) {
    expect_failure(1, precision, {"extract", "-d", "pets", "-o", "a.h5", "--device", "cpu", "--precision", precision});
    expect_failure(1, precision, {"extract", "-d", "pets", "-o", "a.h5", "--precision", precision});
  }
  EXPECT_FALSE(std::filesystem::exists(path("a.h5")));
}

TEST_F(ExtractCommand, ShowsNamesFromOutsideEscaped) {
  const std::array<std::string, 6> names = {"new\nline", "esc\x1B[31m", "bad\xFF utf8",
                                            "-dash",     "quo'te\"s",   "back\\slash"};
  for (const std::string& name : names) {
    fs::create_directories(path("odd/" + name));
    write_test_file(path("odd/" + name + "/1.png"), class_picture(0, 1));
    write_test_file(path("odd/" + name + "/text.jpg"), "no picture");
  }
  const Outcome outcome = run(quick_extract("odd", "-o\n.h5", {"--max-skipped", "6"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* shown : {"new\\x0aline/text.jpg:", "esc\\x1b[31m/text.jpg:", "bad\\xff utf8/text.jpg:",
                            "  -dash/text.jpg:", "quo'te\"s/text.jpg:", "back\\slash/text.jpg:"}) {
    EXPECT_THAT(outcome.err, HasSubstr(shown));
  }
  // Warnings of classes of one picture and of one picture in many classes, then the skipped pictures under a heading.
  EXPECT_EQ(outcome.err_lines().size(), 9U);
  EXPECT_THAT(outcome.out, testing::StartsWith("-o\\x0a.h5: 6 rows"));
  EXPECT_THAT(outcome.err, AllOf(Not(HasSubstr("\x1B")), Not(HasSubstr("\xFF"))));
  EXPECT_EQ(open_feature_file(path("-o\n.h5")).label_names.size(), 6U);
  const auto document = json_line(run(quick_extract("odd", "-o\n.h5", {"--overwrite", "--json", "-q"})).out);
  EXPECT_EQ(document["classes"].size(), 6U);
}

TEST_F(ExtractCommand, ShardsMergeIntoTheFileOfASingleRun) {
  make_pictures("pets", {"cats", "dogs", "owls"}, 5);
  EXPECT_EQ(run(quick_extract("pets", "whole.h5")).status, 0);
  for (const char* shard : {"1", "2", "3"}) {
    EXPECT_EQ(
        run(quick_extract("pets", std::string("part-") + shard + ".h5", {"--shard", std::string(shard) + "/3"})).status,
        0);
  }
  expect_failure(4, "shard 2 of 3 is missing; add its file to the command",
                 {"merge", "-o", "merged.h5", "part-1.h5", "part-3.h5"});
  expect_failure(1, "part-4.h5", {"merge", "-o", "merged.h5", "part-1.h5", "part-4.h5"});
  expect_failure(1, "whole.h5 already exists", {"merge", "-o", "whole.h5", "part-1.h5", "part-2.h5", "part-3.h5"});
  expect_failure(2, "part-1.h5 is both input and output", {"merge", "-o", "part-1.h5", "part-1.h5", "--overwrite"});
  const Outcome outcome = run({"merge", "-o", "merged.h5", "part-3.h5", "part-1.h5", "part-2.h5", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(json_line(outcome.out)["rows"], 15);
  EXPECT_EQ(bytes("merged.h5"), bytes("whole.h5"));
}

}  // namespace
}  // namespace vgg16
