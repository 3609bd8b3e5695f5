// Lists of pictures and tables of their labels, in place of a folder of class folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/pictures.h"
#include "support/temp_dir.h"
#include "vgg16/dataset.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::FieldsAre;
using testing::IsEmpty;

class PictureList : public testing::Test {
 protected:
  void add_picture(const std::string& path) const {
    fs::create_directories((folder_ / path).parent_path());
    write_test_file(folder_ / path,
                    small_png({.width = 1, .height = 1, .depth = 8, .colour = 0}, {std::byte{0}, std::byte{9}}));
  }

  [[nodiscard]] Dataset listed(const std::vector<LabelledPath>& list, std::optional<uint64_t> seed = {}) const {
    return list_dataset(folder_.path(), list, seed, 2);
  }

  // "path: class" of every row.
  static std::vector<std::string> rows_of(const Dataset& dataset) {
    std::vector<std::string> rows;
    for (const PictureFile& picture : dataset.pictures) {
      rows.push_back(picture.path + ": " + dataset.label_names[static_cast<size_t>(picture.label)]);
    }
    return rows;
  }

  static std::vector<std::string> skipped_of(const Dataset& dataset) {
    std::vector<std::string> skipped;
    for (const SkippedPicture& picture : dataset.skipped) skipped.push_back(picture.path + ": " + picture.reason);
    return skipped;
  }

  [[nodiscard]] std::vector<LabelledPath> table(const std::string& text) const {
    write_test_file(folder_ / "labels.csv", text);
    return read_labelled_paths(folder_ / "labels.csv");
  }

  TempDir folder_;
};

TEST_F(PictureList, TakesLabelsOrElseTheNamesOfFolders) {
  for (const char* path : {"cats/1.png", "dogs/2.png", "3.png", "scan"}) add_picture(path);
  const Dataset dataset = listed({{.path = "dogs/2.png"},
                                  {.path = "cats/1.png", .label = "tabby"},
                                  {.path = "scan", .label = "dogs"},
                                  {.path = "3.png", .label = "caf\xE9"}});
  EXPECT_THAT(rows_of(dataset), ElementsAre("dogs/2.png: dogs", "cats/1.png: tabby", "scan: dogs", R"(3.png: caf\xe9)"))
      << "in the order of the list";
  EXPECT_THAT(dataset.label_names, ElementsAre(R"(caf\xe9)", "dogs", "tabby"));
  EXPECT_THAT(dataset.skipped, IsEmpty());
}

TEST_F(PictureList, WithASeedItsOrderDoesNotMatter) {
  std::vector<LabelledPath> list;
  for (int i = 0; i < 10; ++i) {
    add_picture("c/" + std::to_string(i) + ".png");
    list.push_back({.path = "c/" + std::to_string(9 - i) + ".png"});
  }
  EXPECT_EQ(rows_of(listed(list, 42)), rows_of(list_dataset(folder_.path(), 42, 1)));
}

TEST_F(PictureList, SkipsWhatCannotBecomeARow) {
  for (const char* path : {"cats/1.png", "2.png", "cats/3.png"}) add_picture(path);
  write_test_file(folder_ / "cats/text.jpg", "text");
  const Dataset dataset = listed({{.path = "cats/1.png"},
                                  {.path = "2.png"},
                                  {.path = "cats/3.png", .label = ""},
                                  {.path = "cats/gone.png"},
                                  {.path = "cats"},
                                  {.path = "dogs", .label = "x"},
                                  {.path = "../other.png"},
                                  {.path = "cats/text.jpg"},
                                  {.path = "cats/" + std::string(9000, 'x')}});
  EXPECT_THAT(rows_of(dataset), ElementsAre("cats/1.png: cats"));
  EXPECT_THAT(skipped_of(dataset), testing::SizeIs(8));
}

TEST_F(PictureList, GivesAPictureOneRowUnderAllOfItsNames) {
  add_picture("cats/1.png");
  const std::string whole = folder_ / "cats/1.png";
  const Dataset dataset = listed({{.path = "./cats//1.png"}, {.path = "cats/./1.png"}, {.path = whole}});
  EXPECT_THAT(rows_of(dataset), ElementsAre("cats/1.png: cats"));
  EXPECT_EQ(dataset.repeated, 2);
  expect_error(ErrorCode::kRefused, "cats/1.png is named twice, with the labels 'cats' and 'dogs'; keep one of them",
               [&] {
                 static_cast<void>(listed({{.path = "cats/1.png"}, {.path = whole, .label = "dogs"}}));
               });
}

TEST_F(PictureList, LeavesOtherPathsAsTheyAre) {
  add_picture("set/cats/1.png");
  const std::string other = folder_ / "set/../set/cats/1.png";
  EXPECT_THAT(rows_of(list_dataset(folder_ / "set/cats", std::vector<LabelledPath>{{.path = other}}, {}, 1)),
              ElementsAre(other + ": cats"));
}

TEST_F(PictureList, ReadsATableWithAHeaderOrOfTwoColumns) {
  const auto pair = [](const char* path, const char* label) {
    return FieldsAre(path, std::optional<std::string>(label));
  };
  EXPECT_THAT(table("path,label\na.png,cat\nb.png, dog \n"), ElementsAre(pair("a.png", "cat"), pair("b.png", "dog")));
  EXPECT_THAT(table("\xEF\xBB\xBF"
                    "Label,probability,File_Name,error\r\ncat,0.5,\"a, \"\"b\"\".png\",\r\n"),
              ElementsAre(pair("a, \"b\".png", "cat")));
  EXPECT_THAT(table("label,id\ncat,a.png\n"), ElementsAre(pair("a.png", "cat")));
  EXPECT_THAT(table("a.png,cat"), ElementsAre(pair("a.png", "cat")));
  EXPECT_THAT(table("caf\\xe9.png,"), ElementsAre(pair("caf\xE9.png", "")));
  EXPECT_THAT(table("path,label\n"), IsEmpty());
}

TEST_F(PictureList, RefusesOtherTables) {
  const auto refused = [&](const std::string& part, const std::string& text) {
    expect_error(ErrorCode::kRefused, part, [&] { static_cast<void>(table(text)); });
  };
  refused("labels.csv has the columns 'a.png;cat'; expected a header that calls one of them label", "a.png;cat\n");
  refused("has the columns 'id', 'label', 'age'", "id,label,age\n1,cat,3\n");
  refused("has 3 columns in its record 3, expected 2", "path,label\na.png,cat\nb.png,dog,3\n");
  refused("has a label of 9000 bytes in its record 2, expected at most 8192",
          "path,label\na," + std::string(9000, 'x'));
  refused("is not text in UTF-8", std::string("p\0a\0t\0h\0", 8));
  refused("labels.csv is a JPEG", "\xFF\xD8\xFF\xE0 JFIF");
  expect_error(ErrorCode::kNotFound, "none.csv", [&] { static_cast<void>(read_labelled_paths(folder_ / "none.csv")); });
}

TEST_F(PictureList, TakesMissingLabelsFromATable) {
  std::vector<LabelledPath> list = {{.path = "./a.png"}, {.path = "b.png", .label = "mine"}, {.path = "c.png"}};
  const std::vector<LabelledPath> labels = {{.path = folder_ / "a.png", .label = "cat"},
                                            {.path = "b.png", .label = "dog"},
                                            {.path = "b.png", .label = "dog"},
                                            {.path = "of no picture", .label = "x"}};
  add_labels(list, labels, folder_.path());
  EXPECT_EQ(list[0].label, "cat");
  EXPECT_EQ(list[1].label, "mine");
  EXPECT_EQ(list[2].label, "");
  const std::vector<LabelledPath> two = {{.path = "a", .label = "x"}, {.path = "./a", .label = "y"}};
  expect_error(ErrorCode::kRefused, "a is named twice, with the labels 'x' and 'y'",
               [&] { add_labels(list, two, folder_.path()); });
}

}  // namespace
}  // namespace vgg16
