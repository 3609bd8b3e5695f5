// The parts of a page that can be called: escaping, thumbnails, and which rows are shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "page/charts.h"
#include "page/html.h"
#include "page/page.h"
#include "page/shown.h"
#include "page/thumbnails.h"
#include "support/pictures.h"
#include "support/temp_dir.h"

namespace vgg16::page {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Html, EscapesTextAndAttributes) {
  EXPECT_EQ(text("a<b & \"c\">\x01").code(), "a&lt;b &amp; &quot;c&quot;&gt;\\x01");
  EXPECT_EQ(element("a", {{"href", "#x\" onclick=\"y"}}, text("<b>")).code(),
            "<a href=\"#x&quot; onclick=&quot;y\">&lt;b&gt;</a>");
  EXPECT_EQ(void_element("img", {{"alt", "\xFF"}}).code(), "<img alt=\"\\xff\"/>\n");
}

TEST(Percent, IsNotAllIfSomethingIsMissing) {
  EXPECT_EQ(percent(0.98), "98.0\u00a0%");
  EXPECT_EQ(percent(1), "100.0\u00a0%");
  EXPECT_EQ(percent(0.99996), "99.996\u00a0%");
}

// A PNG of `side` x `side` pixels, grey.
FileBytes grey_picture(uint32_t side, std::byte value) {
  FileBytes raw;
  for (uint32_t y = 0; y < side; ++y) {
    raw.push_back(std::byte{0});
    raw.insert(raw.end(), side, value);
  }
  return small_png({.width = side, .height = side}, raw);
}

class Thumbnails : public testing::Test {
 protected:
  // One thumbnail of the picture that `path` is the name of in a features file.
  Thumbnail of(const std::string& path, const FileContent* content = nullptr) {
    FeatureTable table;
    table.paths = {path};
    if (content != nullptr) table.files = {*content};
    const PictureOf picture = {&table, 0};
    const std::filesystem::path folders[] = {folder_ / "a", folder_ / "b"};
    return make_thumbnails({&picture, 1}, folders, 2, [](int64_t, int64_t) {}).at(picture);
  }

  void SetUp() override {
    for (const char* name : {"a", "b"}) std::filesystem::create_directory(folder_ / name);
    write_test_file(folder_ / "a/large.png", grey_picture(300, std::byte{200}));
    write_test_file(folder_ / "b/small.png", grey_picture(10, std::byte{50}));
    write_test_file(folder_ / "secret.png", grey_picture(10, std::byte{1}));
  }

  TempDir folder_;
};

TEST_F(Thumbnails, ShrinkButNeverEnlarge) {
  const Thumbnail large = of("large.png");
  EXPECT_THAT(large.uri, StartsWith("data:image/jpeg;base64,/9j/"));
  EXPECT_EQ(large.width, kThumbnailSide);
  EXPECT_EQ(large.height, kThumbnailSide);
  EXPECT_EQ(of("small.png").width, 10);
}

TEST_F(Thumbnails, AreNotMadeOfPicturesElsewhere) {
  for (const std::string& path : {std::string("../secret.png"), std::string("x/../../secret.png"), std::string(".."),
                                  (folder_ / "secret.png").string(), std::string()}) {
    EXPECT_EQ(of(path).uri, "");
    EXPECT_EQ(of(path).reason, "its path leads out of the folder") << path;
  }
}

TEST_F(Thumbnails, AreOfThePictureThatMadeTheFeatures) {
  const FileContent right = content_of(grey_picture(10, std::byte{50}));
  EXPECT_NE(of("small.png", &right).uri, "");
  const FileContent other = {right.size_bytes, right.crc32 + 1};
  EXPECT_EQ(of("small.png", &other).reason, "changed since its features were made");
  write_test_file(folder_ / "a/small.png", grey_picture(12, std::byte{9}));  // another picture of that name
  EXPECT_EQ(of("small.png", &right).width, 10);
}

TEST_F(Thumbnails, SayWhyThereIsNone) {
  EXPECT_THAT(of("gone.png").reason, HasSubstr("no such file"));
  write_test_file(folder_ / "a/no.png", file_bytes("no picture"));
  EXPECT_NE(of("no.png").reason, "");
}

// A result of `classes` classes with `wrong` mistakes for each pair of neighbouring classes, and `right` right answers
// of each.
class PageOfMany : public testing::Test {
 protected:
  void predict(int64_t classes, int64_t wrong, int64_t right) {
    Report& report = result_.report;
    report.confusion.assign(static_cast<size_t>(classes), std::vector<int64_t>(static_cast<size_t>(classes)));
    for (int64_t c = 0; c < classes; ++c) {
      report.classes.push_back("class " + std::to_string(c));
      report.per_class.push_back({report.classes.back(), 0.5, 0.5, 0.5, wrong + right});
      for (int64_t i = 0; i < wrong + right; ++i) {
        const int64_t predicted = i < wrong ? (c + 1) % classes : c;
        report.predictions.push_back({std::ssize(report.predictions),
                                      c,
                                      predicted,
                                      0.5 + 0.4 * static_cast<double>(i) / static_cast<double>(wrong + right),
                                      {{0, 0.5}, {1, 0.25}, {2, 0.125}}});
        ++report.confusion[static_cast<size_t>(c)][static_cast<size_t>(predicted)];
        table_.labels.push_back(c);
        table_.paths.push_back(std::to_string(table_.paths.size()) + ".jpg");
      }
    }
    table_.label_names = report.classes;
    report.candidates = {{.c = 1, .fold_scores = {0.5, 0.75}, .mean = 0.625}};
    result_.classifier.metadata = {{"split", "tail"}, {"program_version", "0"}};
  }

  TrainResult result_;
  FeatureTable table_;
  Training training_ = {result_, table_, table_};
};

TEST_F(PageOfMany, ShowsSomethingOfEveryCell) {
  predict(20, 50, 50);
  const Shown shown = choose_shown(training_);
  EXPECT_LE(std::ssize(shown.pictures), kMaxPictures);
  ASSERT_EQ(shown.mistakes.size(), 20U);
  for (const Cell& cell : shown.mistakes) {
    ASSERT_EQ(cell.shown.size(), 3U);
    EXPECT_GT(cell.shown[0]->probability, cell.shown[1]->probability);
    EXPECT_EQ(cell.rows, 50);
  }
  for (const Cell& cell : shown.right) {
    ASSERT_GE(cell.shown.size(), 2U);
    EXPECT_LT(cell.shown[0]->probability, cell.shown[1]->probability);
  }
}

TEST_F(PageOfMany, ListsTheLargestCellsOfManyClasses) {
  predict(200, 3, 1);
  const std::string html = make_page(training_, {}, [](int64_t, int64_t) {}).html;
  EXPECT_LT(html.size(), size_t{500'000});
  EXPECT_THAT(html, HasSubstr("The most frequent confusions"));
  EXPECT_THAT(html, Not(HasSubstr("Confusion matrix")));
}

TEST(SearchChart, IsOfTwoCandidatesOrMore) {
  Report report;
  report.candidates = {{.c = 1, .fold_scores = {0.5, 0.7}, .mean = 0.6}};
  EXPECT_TRUE(search_chart(report).empty());
  report.candidates.push_back({.c = 1, .fold_scores = {0.5, 0.7}, .mean = 0.6});  // the same C again
  EXPECT_THAT(search_chart(report).code(), Not(HasSubstr("nan")));
  report.candidates[1] = {.c = 1e-300, .fold_scores = {0.5, 0.5}, .mean = 0.5};
  EXPECT_THAT(search_chart(report).code(), Not(HasSubstr("nan")));
  for (int i = 0; i < 2; ++i) {
    report.candidates[static_cast<size_t>(i)].trees = 100 * (i + 1);
    report.candidates[static_cast<size_t>(i)].min_leaf = 3;
  }
  EXPECT_THAT(search_chart(report).code(),
              testing::AllOf(HasSubstr(">200/3<"), HasSubstr("100 trees, at least 3 rows")));
}

TEST(SearchChart, NamesOnlySizesThatWereTried) {
  Report report;
  for (int i = 1; i <= 40; ++i) {
    report.candidates.push_back({.trees = i, .min_leaf = 7, .fold_scores = {0.5, 0.7}, .mean = 0.6});
  }
  const std::string code = search_chart(report).code();
  EXPECT_THAT(code, HasSubstr(">1/7<"));
  for (size_t at = code.find("/7<"); at != std::string::npos; at = code.find("/7<", at + 1)) {
    const size_t begin = code.rfind('>', at) + 1;
    EXPECT_LE(std::stoi(code.substr(begin, at - begin)), 40);
  }
}

TEST(SearchChart, HasNumbersWhereNoPowerOfTenWasTried) {
  Report report;
  for (const double c : {0.2, 0.5}) report.candidates.push_back({.c = c, .fold_scores = {0.5, 0.7}, .mean = 0.6});
  EXPECT_THAT(search_chart(report).code(), testing::AllOf(HasSubstr(">0.2<"), HasSubstr(">0.5<")));
}

}  // namespace
}  // namespace vgg16::page
