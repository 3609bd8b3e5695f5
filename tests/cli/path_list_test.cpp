#include "path_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "support/expect_error.h"
#include "support/pictures.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::filesystem::path> paths_in(const std::string& text, Separator separator = Separator::kFirst) {
  std::istringstream in(text);
  return read_path_list(in, separator);
}

TEST(PathList, TheFirstLineEndOrNulSeparates) {
  EXPECT_THAT(paths_in("a.jpg\nb c.jpg\n\n d.jpg"), ElementsAre("a.jpg", "b c.jpg", " d.jpg"));
  EXPECT_THAT(paths_in("a.jpg\0b c.jpg\0\0with\nline.jpg\0"s), ElementsAre("a.jpg", "b c.jpg", "with\nline.jpg"));
  EXPECT_THAT(paths_in("a.jpg"), ElementsAre("a.jpg"));
  for (const std::string& none : {""s, "\n\n"s, "\0\0"s, "\r\n"s}) EXPECT_THAT(paths_in(none), IsEmpty());
  EXPECT_EQ(paths_in(std::string(5000, 'a') + "\0b"s).size(), 2U);
  EXPECT_THAT(paths_in("a\nb\0c\n"s), ElementsAre("a", "b\0c"s));
}

TEST(PathList, NulSeparatesWhereItIsSaidSo) {
  EXPECT_THAT(paths_in("with\nline.jpg\0b\r\0"s, Separator::kNul), ElementsAre("with\nline.jpg", "b\r"));
  EXPECT_THAT(paths_in("a\nb\n", Separator::kNul), ElementsAre("a\nb\n"));
}

TEST(PathList, TakesOffWhatEditorsAndOtherSystemsAdd) {
  EXPECT_THAT(paths_in("a.jpg\r\nb c.jpg\r\n\r\nd.jpg"), ElementsAre("a.jpg", "b c.jpg", "d.jpg"));
  EXPECT_THAT(paths_in("\xEF\xBB\xBF"
                       "a.jpg\r\n\xEF\xBB\xBF"
                       "b.jpg"),
              ElementsAre("a.jpg",
                          "\xEF\xBB\xBF"
                          "b.jpg"));
}

TEST(PathList, KeepsNamesThatAreThere) {
  const TempDir folder;
  const std::string name = (folder / "a.jpg\r").native();
  EXPECT_THAT(paths_in(name + "\n"), ElementsAre((folder / "a.jpg").native()));
  std::filesystem::create_symlink("nowhere", name);
  EXPECT_THAT(paths_in(name + "\n"), ElementsAre(name));
}

TEST(PathList, RefusesUtf16) {
  for (const std::string& list : {"\xFF\xFE"
                                  "a\0.\0"s,
                                  "\xFE\xFF"
                                  "\0a\0."s}) {
    expect_error(ErrorCode::kRefused, "is text in UTF-16", [&] { static_cast<void>(paths_in(list)); });
  }
}

TEST(PathList, RefusesAPicture) {
  const auto refused = [](const std::string& format, const std::string& bytes) {
    expect_error(ErrorCode::kRefused,
                 "standard input holds a picture (" + format +
                     "), expected a list of paths; name the picture's file instead of -",
                 [&] { static_cast<void>(paths_in(bytes)); });
  };
  for (const auto& [format, start] : other_formats()) refused(format, start);
  const FileBytes jpeg = small_jpeg();
  refused("JPEG", {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
}

}  // namespace
}  // namespace vgg16
