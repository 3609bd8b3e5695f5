#include "vgg16/dataset.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <map>

#include "support/another_user.h"
#include "support/expect_error.h"
#include "support/pictures.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

// A valid PNG, different for every `shade`.
std::vector<std::byte> picture(uint8_t shade) {
  return small_png({.width = 1, .height = 1, .depth = 8, .colour = 0}, {std::byte{0}, std::byte{shade}});
}

void add_picture(const fs::path& path, uint8_t shade = 0) {
  fs::create_directories(path.parent_path());
  write_test_file(path, picture(shade));
}

std::vector<std::string> paths_of(const Dataset& dataset) {
  std::vector<std::string> paths;
  for (const PictureFile& file : dataset.pictures) paths.push_back(file.path);
  return paths;
}

std::map<std::string, std::string> skipped_of(const Dataset& dataset) {
  std::map<std::string, std::string> skipped;
  for (const SkippedPicture& file : dataset.skipped) skipped[file.path] = file.reason;
  return skipped;
}

using Strings = std::vector<std::string>;

TEST(Dataset, ListsPicturesSortedBytewiseWithTheirClasses) {
  const TempDir folder;
  for (const char* path : {"dogs/b.JPG", "dogs/a.png", "cats/Z.jpeg", "cats/a.JpEg", "deep/er/cats/x.png", "D/1.png"}) {
    add_picture(folder / path, static_cast<uint8_t>(path[0]));
  }
  write_test_file(folder / "dogs/notes.txt", "no picture");
  add_picture(folder / "dogs/.hidden.png");
  add_picture(folder / ".git/x.png");
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  EXPECT_EQ(paths_of(dataset),
            (Strings{"D/1.png", "cats/Z.jpeg", "cats/a.JpEg", "deep/er/cats/x.png", "dogs/a.png", "dogs/b.JPG"}));
  EXPECT_EQ(dataset.label_names, (Strings{"D", "cats", "dogs"}));
  EXPECT_EQ(dataset.pictures[3].label, 1) << "the folder that holds it";
  EXPECT_EQ(dataset.pictures[5].label, 2);
  EXPECT_TRUE(dataset.skipped.empty());
  const auto bytes = picture('D');
  EXPECT_EQ(dataset.pictures[0].size_bytes, static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(dataset.pictures[0].crc32, crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Python: x = sorted(...); random.Random(42).shuffle(x) over ten paths gives 7 3 2 8 5 6 9 4 0 1.
TEST(Dataset, ShufflesAsPythonDoesAndDropsTheUnusableAfterwards) {
  const TempDir folder;
  for (int i = 0; i < 10; ++i) add_picture(folder / ("c/" + std::to_string(i) + ".png"));
  EXPECT_EQ(paths_of(list_dataset(folder.path(), 42, 2)),
            (Strings{"c/7.png", "c/3.png", "c/2.png", "c/8.png", "c/5.png", "c/6.png", "c/9.png", "c/4.png", "c/0.png",
                     "c/1.png"}));
  write_test_file(folder / "c/8.png", "");
  write_test_file(folder / "c/0.png", "text");
  const Dataset dataset = list_dataset(folder.path(), 42, 2);
  EXPECT_EQ(paths_of(dataset),
            (Strings{"c/7.png", "c/3.png", "c/2.png", "c/5.png", "c/6.png", "c/9.png", "c/4.png", "c/1.png"}));
  EXPECT_EQ(dataset.skipped.size(), 2U);
}

TEST(Dataset, ListsWhatItSkipsWithReasons) {
  const TempDir folder;
  add_picture(folder / "cats/good.png");
  add_picture(folder / "top.png");
  for (const char* name : {"a.bmp", "b.GIF", "c.tif", "d.tiff", "e.webp"}) write_test_file(folder / "cats" / name, "x");
  write_test_file(folder / "cats/empty.jpg", "");
  write_test_file(folder / "cats/text.jpg", "no picture at all, just a line of text");
  fs::create_directory(folder / "cats/folder.jpg");
  fs::create_symlink("nowhere.jpg", folder / "cats/dangling.jpg");
  fs::create_symlink("loop.jpg", folder / "cats/loop.jpg");
  ASSERT_EQ(mkfifo((folder / "cats/pipe.jpg").c_str(), 0600), 0);
  add_picture(folder / "bad/only.png");
  write_test_file(folder / "bad/only.png", "text");
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 2);
  EXPECT_EQ(paths_of(dataset), Strings{"cats/good.png"});
  EXPECT_EQ(dataset.label_names, Strings{"cats"}) << "a class needs a usable picture";
  auto skipped = skipped_of(dataset);
  EXPECT_EQ(skipped["cats/a.bmp"], "BMP is not supported");
  EXPECT_EQ(skipped["cats/b.GIF"], "GIF is not supported");
  EXPECT_EQ(skipped["cats/c.tif"], "TIFF is not supported");
  EXPECT_EQ(skipped["cats/d.tiff"], "TIFF is not supported");
  EXPECT_EQ(skipped["cats/e.webp"], "WebP is not supported");
  EXPECT_EQ(skipped["top.png"], "directly in the dataset folder, so it has no class");
  EXPECT_THAT(skipped["cats/empty.jpg"], testing::HasSubstr("empty"));
  EXPECT_THAT(skipped["cats/folder.jpg"], testing::HasSubstr("directory"));
  EXPECT_THAT(skipped["cats/dangling.jpg"], testing::HasSubstr("missing"));
  EXPECT_THAT(skipped["cats/loop.jpg"], testing::HasSubstr("symbolic links"));
  EXPECT_THAT(skipped["cats/pipe.jpg"], testing::HasSubstr("regular"));
  EXPECT_EQ(skipped.size(), 13U);
  const PictureListing pictures = list_pictures(folder.path());
  EXPECT_EQ(pictures.paths, (Strings{"bad/only.png", "cats/dangling.jpg", "cats/empty.jpg", "cats/folder.jpg",
                                     "cats/good.png", "cats/loop.jpg", "cats/pipe.jpg", "cats/text.jpg", "top.png"}));
  EXPECT_TRUE(pictures.skipped.empty());
  EXPECT_TRUE(std::is_sorted(dataset.skipped.begin(), dataset.skipped.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
}

TEST(Dataset, FollowsLinksButNotInCircles) {
  const TempDir folder;
  const TempDir elsewhere;
  add_picture(elsewhere / "far/1.png");
  add_picture(folder / "set/cats/1.png");
  fs::create_directory_symlink(elsewhere / "far", folder / "set/linked");
  fs::create_symlink(elsewhere / "far/1.png", folder / "set/cats/2.png");
  fs::create_directory_symlink("..", folder / "set/cats/up");
  fs::create_directory_symlink(folder / "set", folder / "set/self");
  const Dataset dataset = list_dataset(folder / "set", std::nullopt, 1);
  EXPECT_EQ(paths_of(dataset), (Strings{"cats/1.png", "cats/2.png", "linked/1.png"}));
  EXPECT_EQ(dataset.label_names, (Strings{"cats", "linked"}));
  EXPECT_TRUE(dataset.skipped.empty());
}

TEST(Dataset, KeepsNamesAsBytes) {
  const TempDir folder;
  const std::string odd = std::string("n\n\xFF\"-").append(240, 'x');
  for (const std::string& name : {odd, std::string("-rf"), std::string("caf\xC3\xA9")}) {
    add_picture(folder.path() / name / (name + ".png"));
  }
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  EXPECT_EQ(dataset.label_names, (Strings{"-rf", "caf\xC3\xA9", odd}));
  EXPECT_EQ(dataset.pictures[2].path, odd + "/" + odd + ".png");
}

TEST(Dataset, DoesNotDependOnTheThreads) {
  const TempDir folder;
  for (int i = 0; i < 40; ++i) {
    const fs::path path = folder / ("c" + std::to_string(i % 3) + "/" + std::to_string(i) + ".png");
    add_picture(path, static_cast<uint8_t>(i));
    if (i % 7 == 0) write_test_file(path, std::string(static_cast<size_t>(i), 'x'));
  }
  const Dataset one = list_dataset(folder.path(), 7, 1);
  for (const int threads : {2, 5, 100}) {
    const Dataset many = list_dataset(folder.path(), 7, threads);
    EXPECT_EQ(paths_of(many), paths_of(one));
    EXPECT_EQ(many.label_names, one.label_names);
    EXPECT_EQ(skipped_of(many), skipped_of(one));
    for (size_t i = 0; i < one.pictures.size(); ++i) {
      EXPECT_EQ(many.pictures[i].crc32, one.pictures[i].crc32);
      EXPECT_EQ(many.pictures[i].label, one.pictures[i].label);
    }
  }
}

TEST(Dataset, SaysWhatIsWrongWithTheFolder) {
  const TempDir folder;
  const auto list = [](const fs::path& path) { return [path] { static_cast<void>(list_dataset(path, 42, 1)); }; };
  expect_error(ErrorCode::kNotFound, "no such directory", list(folder / "missing"));
  write_test_file(folder / "file", "x");
  expect_error(ErrorCode::kNotFound, "is not a directory", list(folder / "file"));
  fs::create_directory(folder / "empty");
  EXPECT_TRUE(list_dataset(folder / "empty", 42, 1).pictures.empty());
  add_picture(folder / "flat/1.png");
  add_picture(folder / "flat/2.png");
  expect_error(ErrorCode::kRefused, "holds 2 pictures but no class folders; expected one folder per class",
               list(folder / "flat"));
}

TEST(Dataset, ReportsFoldersThatItMayNotRead) {
  const TempDir folder;
  add_picture(folder / "cats/1.png");
  add_picture(folder / "secret/1.png");
  fs::permissions(folder / "secret", fs::perms::none);
  {
    const AnotherUser user(folder.path());
    auto skipped = skipped_of(list_dataset(folder.path(), 42, 1));
    EXPECT_EQ(skipped["secret"], "folder cannot be read: Permission denied");
    const PictureListing pictures = list_pictures(folder.path());
    EXPECT_EQ(pictures.paths, Strings{"cats/1.png"});
    ASSERT_EQ(pictures.skipped.size(), 1U);
    EXPECT_EQ(pictures.skipped[0].path, "secret");
    expect_error(ErrorCode::kIo, "Permission denied",
                 [&] { static_cast<void>(list_dataset(folder / "secret", 42, 1)); });
  }
  fs::permissions(folder / "secret", fs::perms::all);
}

TEST(Dataset, ListsTheRealPictures) {
  const fs::path animals = fs::path(VGG16_SOURCE_DIR) / "../shared/data/animals";
  if (!fs::exists(animals)) GTEST_SKIP() << "there are no pictures at " << animals;
  const Dataset dataset = list_dataset(animals, 42, 2);
  EXPECT_EQ(dataset.pictures.size(), 600U);
  EXPECT_EQ(dataset.label_names, (Strings{"cats", "dogs", "panda"}));
  EXPECT_TRUE(dataset.skipped.empty());
}

}  // namespace
}  // namespace vgg16
