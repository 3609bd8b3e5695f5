#include "learn/flow/model_file.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include "safetensors/safetensors.h"
#include "support/expect_error.h"
#include "support/model_checksum.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using Metadata = std::map<std::string, std::string, std::less<>>;

Classifier example(int classes) {
  Classifier model;
  for (int c = 0; c < classes; ++c) model.classes.push_back("class " + std::to_string(c));
  model.columns = 4;
  const int rows = classes == 2 ? 1 : classes;
  for (int i = 0; i < rows * 4; ++i) model.coef.push_back(0.1 * (i % 5) - 0.2);
  for (int i = 0; i < rows; ++i) model.intercept.push_back(0.01 * i - 0.02);
  model.c = 10;
  model.recipe = {"block5_pool", "none", "keras-nearest-224-bgr-mean", std::string(64, '0'), "cpu", "f32",
                  "avx2",        "0.1.0"};
  model.metadata["scores"] = "[]";
  return model;
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Of a safetensors file's header.
size_t header_length(const std::string& file) {
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

TEST(ModelFile, ComesBackAsItWasWritten) {
  for (const int classes : {2, 3, 17}) {
    const TempDir folder;
    Classifier model = example(classes);
    model.classes[1] = "na\xC3\xAFve \"quoted\"\n";
    model.save(folder / "m.model", {});
    const Classifier back = Classifier::load(folder / "m.model");
    EXPECT_EQ(back.classes, model.classes);
    EXPECT_EQ(back.columns, 4);
    EXPECT_EQ(back.coef, model.coef);
    EXPECT_EQ(back.intercept, model.intercept);
    EXPECT_EQ(back.c, 10);
    EXPECT_EQ(back.recipe.layer, "block5_pool");
    EXPECT_EQ(back.recipe.weights_sha256, model.recipe.weights_sha256);
    EXPECT_EQ(back.recipe.instruction_set, "avx2");
    EXPECT_EQ(back.metadata, model.metadata);
    back.save(folder / "again.model", {});
    EXPECT_EQ(read_all(folder / "again.model"), read_all(folder / "m.model"));
  }
}

Classifier svm_example(int classes) {
  Classifier model = example(classes);
  model.kind = ClassifierKind::kSvm;
  for (size_t i = 0; i < model.intercept.size(); ++i)
    model.sigmoids.push_back({-1.5 - 0.1 * static_cast<double>(i), 0.25});
  return model;
}

TEST(ModelFile, AnSvmComesBackWithItsSigmoids) {
  for (const int classes : {2, 3}) {
    const TempDir folder;
    const Classifier model = svm_example(classes);
    model.save(folder / "m.model", {});
    const Classifier back = Classifier::load(folder / "m.model");
    EXPECT_EQ(back.kind, ClassifierKind::kSvm);
    ASSERT_EQ(back.sigmoids.size(), model.sigmoids.size());
    for (size_t i = 0; i < back.sigmoids.size(); ++i) {
      EXPECT_EQ(back.sigmoids[i].a, model.sigmoids[i].a);
      EXPECT_EQ(back.sigmoids[i].b, model.sigmoids[i].b);
    }
    EXPECT_EQ(back.metadata, model.metadata);
    const std::string whole = read_all(folder / "m.model");
    for (size_t length = 0; length < whole.size(); ++length) {
      const std::span<const char> part(whole.data(), length);
      EXPECT_FALSE(refusal([&] { static_cast<void>(parse_model(std::as_bytes(part), "m.model")); }).empty()) << length;
    }
  }
}

TEST(ModelFile, SigmoidsThatDoNotFitAreRefused) {
  const TempDir folder;
  const auto saved = [&](const Classifier& model) {
    model.save(folder / "m.model", {.overwrite = true});
    return read_all(folder / "m.model");
  };
  const auto refused = [](const std::string& file) {
    const std::string checked = with_checksum_of_now(file);
    return refusal([&] { static_cast<void>(parse_model(std::as_bytes(std::span(checked)), "m.model")); });
  };
  const auto with = [](std::string file, const std::string& from, const std::string& to) {
    file.replace(file.find(from), from.size(), to);
    return file;
  };
  const std::string svm = saved(svm_example(3));
  EXPECT_EQ(refused(with(svm, "\"svm\"", "\"mvs\"")),
            "m.model: classifier mvs, expected svm, forest, or none for logistic regression");
  EXPECT_THAT(refused(with(svm, "\"sigmoid\"", "\"sigmoyd\"")), HasSubstr("no tensor `sigmoid`"));
  EXPECT_THAT(refused(with(svm, "\"classifier\"", "\"klassifier\"")), HasSubstr("3 tensors, expected `coef`"));
  EXPECT_THAT(refused(with(svm, "[3,2]", "[2,3]")), HasSubstr("sigmoid: shape (2, 3), expected (3, 2)"));
  Classifier infinite = svm_example(3);
  infinite.sigmoids[1].a = std::numeric_limits<double>::infinity();
  EXPECT_THAT(refused(saved(infinite)), HasSubstr("sigmoid: value 2 is not finite"));
  Classifier logistic = example(3);
  logistic.metadata["classifier"] = "svm";
  EXPECT_THAT(refused(saved(logistic)), HasSubstr("2 tensors, expected `coef`, `intercept` and `sigmoid` alone"));
}

// Two trees: one that asks for column 1 and then, on the right, for column 3; and one that is a leaf.
Classifier forest_example() {
  Classifier model = example(3);
  model.kind = ClassifierKind::kForest;
  model.coef.clear();
  model.intercept.clear();
  model.c = 0;
  model.forest.roots = {0, 5};
  model.forest.nodes = {{1, 0.5F, 1}, {0, 0, 0}, {3, -2, 3}, {1, 0, 0}, {2, 0, 0}, {3, 0, 0}};
  model.forest.first_vote = {0, 1, 3, 4, 7};
  model.forest.votes = {{0, 1}, {0, 0.25F}, {2, 0.75F}, {1, 1}, {0, 0.5F}, {1, 0.25F}, {2, 0.25F}};
  model.forest.importance = {0, 0.75F, 0, 0.25F};
  return model;
}

TEST(ModelFile, AForestComesBackAndVotes) {
  const TempDir folder;
  forest_example().save(folder / "m.model", {});
  const Classifier back = Classifier::load(folder / "m.model");
  EXPECT_EQ(back.kind, ClassifierKind::kForest);
  EXPECT_EQ(back.columns, 4);
  EXPECT_EQ(back.metadata, forest_example().metadata);
  EXPECT_EQ(back.forest.importance, forest_example().forest.importance);
  using testing::ElementsAre;
  EXPECT_THAT(back.predict_probabilities(std::vector<float>{9, 0.5F, 9, 9}), ElementsAre(0.75, 0.125, 0.125));
  EXPECT_THAT(back.predict_probabilities(std::vector<float>{9, 1, 9, -2}), ElementsAre(0.375, 0.125, 0.5));
  EXPECT_THAT(back.predict_probabilities(std::vector<float>{9, 1, 9, -1}), ElementsAre(0.25, 0.625, 0.125));
  EXPECT_THAT(refusal([&] {
                static_cast<void>(back.predict_probabilities(std::vector<float>{NAN, 1, 9, -1}));
              }),
              HasSubstr("not finite"));
  back.save(folder / "again.model", {});
  const std::string whole = read_all(folder / "m.model");
  EXPECT_EQ(read_all(folder / "again.model"), whole);
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::span<const char> part(whole.data(), length);
    EXPECT_FALSE(refusal([&] { static_cast<void>(parse_model(std::as_bytes(part), "m.model")); }).empty()) << length;
  }
}

TEST(ModelFile, AForestThatLeadsAstrayIsRefused) {
  const TempDir folder;
  const auto refused = [&](const std::function<void(Classifier&)>& spoil) {
    Classifier model = forest_example();
    spoil(model);
    model.save(folder / "m.model", {.overwrite = true});
    return refusal([&] { static_cast<void>(Classifier::load(folder / "m.model")); });
  };
  const auto node = [&](size_t i, Forest::Node to) { return refused([&](Classifier& m) { m.forest.nodes[i] = to; }); };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(node(2, {3, 0, 2}), HasSubstr("child: value 2 is not a later node of the tree"));  // itself
  EXPECT_THAT(node(2, {3, 0, 1}), HasSubstr("child: value 2 is not a later node"));              // back
  EXPECT_THAT(node(2, {3, 0, 4}), HasSubstr("child: value 2 is not a later node"));  // the second is in the next tree
  EXPECT_THAT(node(2, {3, 0, 4'000'000'000}), HasSubstr("child: value 2 is not a later node"));
  EXPECT_THAT(node(2, {3, 0, 0xFFFFFFFF}), HasSubstr("child: value 2 is not a later node"));
  EXPECT_THAT(node(1, {3, 0, 2}), HasSubstr("child: value 1 is a node that another one leads to"));
  EXPECT_THAT(node(2, {2, 0, 0}), HasSubstr("child: value 3 belongs to a node that no other leads to"));
  EXPECT_THAT(node(0, {4, 0, 1}), HasSubstr("column: value 0 is not a column of the rows"));
  EXPECT_THAT(node(5, {4, 0, 0}), HasSubstr("column: value 5 is not a leaf's number"));
  EXPECT_THAT(node(0, {1, kNan, 1}), HasSubstr("threshold: a value is not finite"));
  const auto with = [&](auto Forest::*field, auto value) {
    return refused([&](Classifier& m) { m.forest.*field = value; });
  };
  EXPECT_THAT(with(&Forest::roots, std::vector<uint32_t>{}), HasSubstr("roots: U32 (0), expected U32 (N)"));
  EXPECT_THAT(with(&Forest::roots, std::vector<uint32_t>{1, 5}), HasSubstr("roots: value 0 is not ascending from 0"));
  EXPECT_THAT(with(&Forest::roots, std::vector<uint32_t>{0, 0}), HasSubstr("roots: value 1 is not ascending"));
  EXPECT_THAT(with(&Forest::roots, std::vector<uint32_t>{0, 6}), HasSubstr("roots: value 1 is not a node"));
  EXPECT_THAT(with(&Forest::first_vote, std::vector<uint32_t>{0, 1, 3, 4, 8}), HasSubstr("is not the number of votes"));
  EXPECT_THAT(with(&Forest::first_vote, std::vector<uint32_t>{0, 3, 1, 4, 7}), HasSubstr("value 2 is not ascending"));
  EXPECT_THAT(with(&Forest::first_vote, std::vector<uint32_t>{1, 2, 3, 4, 7}), HasSubstr("value 0 is not 0"));
  EXPECT_THAT(with(&Forest::importance, std::vector<float>{0, 1, 0}), HasSubstr("value 2 is not a column"));
  EXPECT_THAT(with(&Forest::importance, std::vector<float>{0, 1, 0, kNan}), HasSubstr("importance: a value is not"));
  const auto vote = [&](size_t i, Forest::Vote to) { return refused([&](Classifier& m) { m.forest.votes[i] = to; }); };
  EXPECT_THAT(vote(0, {3, 1}), HasSubstr("vote_label: value 0 is not a class"));
  EXPECT_THAT(vote(2, {0, 0.75F}), HasSubstr("vote_label: value 2 is not ascending in its leaf"));
  EXPECT_THAT(vote(2, {2, 0.5F}), HasSubstr("vote_share: value 1 begins a leaf whose shares do not sum to 1"));
  EXPECT_THAT(vote(2, {2, -0.75F}), HasSubstr("vote_share: value 2 is not above 0"));
  EXPECT_THAT(vote(2, {2, kNan}), HasSubstr("vote_share: a value is not finite"));
  Classifier model = forest_example();
  model.kind = ClassifierKind::kLogistic;
  model.coef.assign(12, 0);
  model.intercept.assign(3, 0);
  model.c = 1;
  model.metadata["classifier"] = "forest";
  model.save(folder / "m.model", {.overwrite = true});
  EXPECT_THAT(refusal([&] { static_cast<void>(Classifier::load(folder / "m.model")); }),
              HasSubstr("2 tensors, expected the 8 of a forest"));
}

TEST(ModelFile, DifferentNamesStayDifferentWhateverTheirBytes) {
  const TempDir folder;
  Classifier model = example(4);
  model.classes = {"\xE9", "\\xe9", "\\\\xe9", "a\\b"};
  model.save(folder / "m.model", {});
  EXPECT_THAT(Classifier::load(folder / "m.model").classes,
              testing::ElementsAre("\\xe9", "\\x5cxe9", "\\\\x5cxe9", "a\\b"));
}

TEST(ModelFile, AnExistingFileIsKeptUnlessAsked) {
  const TempDir folder;
  example(3).save(folder / "m.model", {});
  EXPECT_THAT(refusal([&] { example(2).save(folder / "m.model", {}); }, ErrorCode::kExists), HasSubstr("--overwrite"));
  EXPECT_EQ(Classifier::load(folder / "m.model").classes.size(), 3U);
  example(2).save(folder / "m.model", {.overwrite = true});
  EXPECT_EQ(Classifier::load(folder / "m.model").classes.size(), 2U);
}

TEST(ModelFile, CutShortAtEveryLengthIsRefused) {
  const TempDir folder;
  example(3).save(folder / "m.model", {});
  const std::string whole = read_all(folder / "m.model");
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::span<const char> part(whole.data(), length);
    EXPECT_FALSE(refusal([&] { static_cast<void>(parse_model(std::as_bytes(part), "m.model")); }).empty()) << length;
  }
}

TEST(ModelFile, OneFlippedBitIsNoticedWhereverItIs) {
  const TempDir folder;
  Classifier model = example(3);
  model.classes = {"quoted \"\\\"", "na\xC3\xAFve", "control \x1F"};  // the ways in which text is escaped
  model.metadata["notes"] = "\x1B\n\t \xE2\x82\xAC";
  model.save(folder / "m.model", {});
  const std::string whole = read_all(folder / "m.model");
  ASSERT_NE(whole.find("crc32"), std::string::npos);
  const auto parsed = [](const std::string& file) { return parse_model(std::as_bytes(std::span(file)), "m.model"); };
  EXPECT_EQ(parsed(whole).metadata, model.metadata);
  int accepted = 0;
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    try {
      const Classifier found = parsed(flipped);
      ++accepted;
      // Of a character's \u escape, the case of a hex digit does not matter.
      const std::string at = whole.substr(bit / 8 - 5, 6);
      EXPECT_TRUE(at == "\\u001b" && bit % 8 == 5) << "bit " << bit % 8 << " at the end of " << at;
      found.save(folder / "again.model", {.overwrite = true});
      EXPECT_EQ(read_all(folder / "again.model"), whole);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kRefused) << error.what();
    }
  }
  EXPECT_EQ(accepted, 1);
}

TEST(ModelFile, OneWithoutItsChecksumOrWithAnotherIsDamaged) {
  const TempDir folder;
  example(3).save(folder / "m.model", {});
  const std::string whole = read_all(folder / "m.model");
  const auto refused = [](const std::string& file) {
    return refusal([&] { static_cast<void>(parse_model(std::as_bytes(std::span(file)), "m.model")); });
  };
  const size_t value = whole.size() - 3 * sizeof(double) - 4;  // of coef
  std::string changed = whole;
  changed[value] = static_cast<char>(changed[value] + 1);
  EXPECT_EQ(refused(changed),
            "m.model: damaged: its checksum does not match its content; copy it again, or train again");
  EXPECT_EQ(with_checksum_of_now(whole), whole);
  changed = with_checksum_of_now(changed);
  EXPECT_NE(parse_model(std::as_bytes(std::span(changed)), "m.model").coef, example(3).coef);
  changed = whole;
  changed.replace(changed.find("crc32"), 5, "crc33");
  EXPECT_EQ(refused(changed), "m.model: no checksum: damaged, or made by an earlier version; train again");
}

TEST(ModelFile, MetadataThatIsNotUtf8IsWrittenAsItCanBeRead) {
  const TempDir folder;
  Classifier model = example(3);
  model.metadata["\xFF"] = "caf\xE9";
  model.save(folder / "m.model", {});
  EXPECT_EQ(Classifier::load(folder / "m.model").metadata.at("\xEF\xBF\xBD"), "caf\xEF\xBF\xBD");
}

TEST(ModelFile, OtherKindsOfFilesAreNamed) {
  const auto parse = [](std::string_view text) {
    return refusal([&] { static_cast<void>(parse_model(std::as_bytes(std::span(text)), "x")); });
  };
  EXPECT_THAT(parse(std::string_view("\x80\x04\x95\x10\0\0\0\0\0\0\0", 11)), HasSubstr("x is a Python pickle"));
  EXPECT_THAT(parse("ccopy_reg\n_reconstructor\n"), HasSubstr("x is a Python pickle"));
  EXPECT_THAT(parse("\x89HDF\r\n\x1A\nrest of it"), HasSubstr("an HDF5 file"));
  EXPECT_THAT(parse("some text that is not a model"), HasSubstr("x is text; expected a model made by vgg16 train"));
}

// A pickle begins with 80 04, a header of 0480 bytes with the same.
TEST(ModelFile, AHeaderWhoseLengthLooksLikeAPickleIsRead) {
  const TempDir folder;
  Classifier model = example(3);
  model.save(folder / "m.model", {});
  const auto header_bytes = [&] { return header_length(read_all(folder / "m.model")); };
  const std::string entry = R"("notes":"",)";
  model.metadata["notes"] = std::string(0x0480 - header_bytes() - entry.size(), 'x');
  model.save(folder / "m.model", {.overwrite = true});
  ASSERT_EQ(header_bytes(), 0x0480U);
  EXPECT_EQ(Classifier::load(folder / "m.model").coef, model.coef);
}

TEST(ModelFile, AFileOfAnotherKindIsNotReadWhole) {
  const TempDir folder;
  std::ofstream(folder / "photos.h5", std::ios::binary) << "\x89HDF\r\n\x1A\n";
  std::ofstream(folder / "film") << "a film of many hours";
  for (const char* name : {"photos.h5", "film"}) std::filesystem::resize_file(folder / name, uintmax_t{1} << 33);
  const auto load = [&](const char* name) {
    return refusal([&] { static_cast<void>(Classifier::load(folder / name)); });
  };
  EXPECT_THAT(load("photos.h5"), HasSubstr("an HDF5 file; expected a model"));
  EXPECT_THAT(load("film"), HasSubstr("film is of an unknown kind; expected a model"));
}

/// Each case makes one error in an otherwise valid file.
struct Spoilt {
  const char* what;
  const char* message;
  std::function<void(Metadata&, std::vector<TensorToWrite>&)> change;
};

TEST(ModelFile, EverythingIsChecked) {
  const std::vector<double> coef(12, 0.5);
  const std::vector<double> intercept(3, 0.25);
  std::vector<double> infinite = coef;
  infinite[7] = std::numeric_limits<double>::infinity();
  const auto bytes = [](const std::vector<double>& v) { return std::as_bytes(std::span(v)); };
  const std::vector<Spoilt> cases = {
      {"no format", "no format", [](auto& m, auto&) { m.erase("format"); }},
      {"a later format", "vgg16-classifier-1", [](auto& m, auto&) { m["format"] = "vgg16-classifier-9"; }},
      {"no classes", "no metadata `classes`", [](auto& m, auto&) { m.erase("classes"); }},
      {"classes not JSON", "not a JSON list", [](auto& m, auto&) { m["classes"] = "[\"a\", "; }},
      {"classes not a list", "not a JSON list", [](auto& m, auto&) { m["classes"] = "{}"; }},
      {"classes not names", "not a name", [](auto& m, auto&) { m["classes"] = "[1, 2, 3]"; }},
      {"a class twice", "names a twice", [](auto& m, auto&) { m["classes"] = R"(["a","a","b"])"; }},
      {"classes in a list", "not a name", [](auto& m, auto&) { m["classes"] = R"(["a",["b"],"c"])"; }},
      {"deep classes", "not a name", [](auto& m, auto&) { m["classes"] = std::string(5'000'000, '['); }},
      {"endless classes", "more than 3 names",  // ends at the fourth, before what is no JSON
       [](auto& m, auto&) { m["classes"] = R"(["a","b","c","d",nothing)"; }},
      {"classes end early", "not a JSON list", [](auto& m, auto&) { m["classes"] = R"(["a","b","c")"; }},
      {"C is nested", "not a positive number", [](auto& m, auto&) { m["C"] = std::string(5'000'000, '['); }},
      {"C and more", "not a positive number", [](auto& m, auto&) { m["C"] = "1.0 2"; }},
      {"one class", "1 names", [](auto& m, auto&) { m["classes"] = R"(["a"])"; }},
      {"too many classes", "more than 3 names", [](auto& m, auto&) { m["classes"] = R"(["a","b","c","d"])"; }},
      {"two classes want one row", "expected (1, D)", [](auto& m, auto&) { m["classes"] = R"(["a","b"])"; }},
      {"no C", "no metadata `C`", [](auto& m, auto&) { m.erase("C"); }},
      {"C negative", "not a positive number", [](auto& m, auto&) { m["C"] = "-1"; }},
      {"C not a number", "not a positive number", [](auto& m, auto&) { m["C"] = "\"1\""; }},
      {"no coef", "tensors, expected", [](auto&, auto& t) { t.erase(t.begin()); }},
      {"another tensor", "3 tensors",
       [&](auto&, auto& t) {
         t.push_back({"x", "F64", {3}, bytes(intercept)});
       }},
      {"coef is F32", "F32 (3, 8)",
       [](auto&, auto& t) {
         t[0] = {"coef", "F32", {3, 8}, t[0].bytes};
       }},
      {"coef is flat", "expected F64 with 2 dim",
       [](auto&, auto& t) {
         t[0] = {"coef", "F64", {12}, t[0].bytes};
       }},
      {"coef is empty", "(3, 0)",
       [](auto&, auto& t) {
         t[0] = {"coef", "F64", {3, 0}, {}};
       }},
      {"coef is not finite", "value 7 is not finite", [&](auto&, auto& t) { t[0].bytes = bytes(infinite); }},
      {"intercept too long", "expected (3)",
       [&](auto&, auto& t) {
         t[1] = {"intercept", "F64", {12}, bytes(coef)};
       }},
  };
  for (const Spoilt& spoilt : cases) {
    const TempDir folder;
    Metadata metadata = {
        {"format", "vgg16-classifier-1"}, {"classes", R"(["a","b","c"])"}, {"C", "1.0"}, {"crc32", "12345678"}};
    std::vector<TensorToWrite> tensors = {{"coef", "F64", {3, 4}, bytes(coef)},
                                          {"intercept", "F64", {3}, bytes(intercept)}};
    const auto load = [&] {
      write_safetensors(folder / "m.model", tensors, metadata, true);
      const std::string file = with_checksum_of_now(read_all(folder / "m.model"));
      return parse_model(std::as_bytes(std::span(file)), "m.model");
    };
    EXPECT_EQ(load().columns, 4);
    spoilt.change(metadata, tensors);
    EXPECT_THAT(refusal([&] { static_cast<void>(load()); }), HasSubstr(spoilt.message)) << spoilt.what;
  }
}

TEST(ClassifierTest, ProbabilitiesFollowTheScores) {
  Classifier two = example(2);
  two.coef = {1, 0, 0, 0};
  two.intercept = {0.5};
  const std::vector<double> p = two.predict_probabilities(std::vector<float>{2, 9, 9, 9});
  ASSERT_EQ(p.size(), 2U);
  EXPECT_NEAR(p[1], 1 / (1 + std::exp(-2.5)), 1e-15);
  EXPECT_NEAR(p[0] + p[1], 1, 1e-15);

  Classifier three = example(3);
  three.coef = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  three.intercept = {0, 0, 1};
  const std::vector<double> q = three.predict_probabilities(std::vector<float>{1, 2, 3, 4});
  const double total = std::exp(1) + std::exp(2) + std::exp(4);
  EXPECT_NEAR(q[0], std::exp(1) / total, 1e-15);
  EXPECT_NEAR(q[2], std::exp(4) / total, 1e-15);
}

TEST(ClassifierTest, ARowOfAnotherSizeOrNotFiniteIsRefused) {
  const Classifier model = example(3);
  EXPECT_THAT(
      refusal([&] { static_cast<void>(model.predict_probabilities(std::vector<float>(5))); }, ErrorCode::kShape),
      HasSubstr("a row of 5 numbers, expected 4"));
  EXPECT_THAT(refusal([&] {
                static_cast<void>(model.predict_probabilities(std::vector<float>{1, NAN, 1, 1}));
              }),
              HasSubstr("not finite"));
}

}  // namespace
}  // namespace vgg16
