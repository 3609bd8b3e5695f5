#include "vgg16/dataset.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
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
  for (const char* path : {"dogs/b.JPG", "dogs/a.png", "cats/Z.jpeg", "cats/a.JpEg", "cats/b.JPE", "cats/c.jfif",
                           "deep/er/cats/x.png", "D/1.png"}) {
    add_picture(folder / path, static_cast<uint8_t>(path[0]));
  }
  write_test_file(folder / "dogs/notes.txt", "no picture");
  add_picture(folder / "dogs/.hidden.png");
  for (const char* name :
       {".git", "@eaDir", "$RECYCLE.BIN", "$Recycle.Bin", "System Volume Information", "lost+found", "__MACOSX"}) {
    add_picture(folder.path() / name / "cats/x.png");
    add_picture(folder.path() / "cats" / name / "x.png");
  }
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  EXPECT_EQ(paths_of(dataset), (Strings{"D/1.png", "cats/Z.jpeg", "cats/a.JpEg", "cats/b.JPE", "cats/c.jfif",
                                        "deep/er/cats/x.png", "dogs/a.png", "dogs/b.JPG"}));
  EXPECT_EQ(dataset.label_names, (Strings{"D", "cats", "dogs"}));
  EXPECT_EQ(dataset.pictures[5].label, 1) << "the folder that holds it";
  EXPECT_EQ(dataset.pictures[7].label, 2);
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
  write_test_file(folder / "cats/empty.jpg", "");
  write_test_file(folder / "cats/text.jpg", "no picture at all, just a line of text");
  fs::create_symlink("nowhere.jpg", folder / "cats/dangling.jpg");
  fs::create_symlink("loop.jpg", folder / "cats/loop.jpg");
  ASSERT_EQ(mkfifo((folder / "cats/pipe.jpg").c_str(), 0600), 0);
  add_picture(folder / "bad/only.png");
  write_test_file(folder / "bad/only.png", "text");
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 2);
  EXPECT_EQ(paths_of(dataset), Strings{"cats/good.png"});
  EXPECT_EQ(dataset.label_names, Strings{"cats"}) << "a class needs a usable picture";
  auto skipped = skipped_of(dataset);
  EXPECT_EQ(skipped["top.png"], "directly in the dataset folder, so it has no class");
  EXPECT_THAT(skipped["cats/empty.jpg"], testing::HasSubstr("empty"));
  EXPECT_THAT(skipped["cats/dangling.jpg"], testing::HasSubstr("missing"));
  EXPECT_THAT(skipped["cats/loop.jpg"], testing::HasSubstr("symbolic links"));
  EXPECT_THAT(skipped["cats/pipe.jpg"], testing::HasSubstr("regular"));
  EXPECT_EQ(skipped.size(), 7U);
  const PictureListing pictures = list_pictures(folder.path());
  EXPECT_EQ(pictures.paths, (Strings{"bad/only.png", "cats/dangling.jpg", "cats/empty.jpg", "cats/good.png",
                                     "cats/loop.jpg", "cats/pipe.jpg", "cats/text.jpg", "top.png"}));
  EXPECT_TRUE(pictures.links.empty());
  EXPECT_TRUE(pictures.unlisted.empty());
  EXPECT_TRUE(std::is_sorted(dataset.skipped.begin(), dataset.skipped.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
}

TEST(Dataset, KnowsPicturesByContent) {
  const TempDir folder;
  add_picture(folder / "cats/good.png");
  std::map<std::string, std::string> expected;
  for (const auto& [format, start] : other_formats()) {
    const std::string path = "cats/" + std::to_string(expected.size()) + ".dat";
    write_test_file(folder / path, start);
    expected[path] = format + " is not supported";
  }
  write_test_file(folder / "top", "GIF89a.....");
  expected["top"] = "GIF is not supported";
  write_test_file(folder / "cats/photo.jpg_original", small_jpeg());
  expected["cats/photo.jpg_original"] = "a JPEG whose name does not end in .jpg; rename it to use it";
  write_test_file(folder / "cats/drawing", picture(1));
  expected["cats/drawing"] = "a PNG whose name does not end in .png; rename it to use it";
  // What is ignored.
  for (const char* name : {"notes.gif", "notes.webp", "BMW.txt", "empty.tif"}) {
    write_test_file(folder / "cats" / name, name == std::string_view("empty.tif") ? "" : "BM and other text");
  }
  for (const char* name : {".hidden.gif", "@eaDir/x.gif", "lost+found/x"}) {
    fs::create_directories((folder / "cats" / name).parent_path());
    write_test_file(folder / "cats" / name, "GIF89a.....");
  }
  ASSERT_EQ(mkfifo((folder / "cats/pipe").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((folder / "cats/pipe.heic").c_str(), 0600), 0);
  for (const int threads : {1, 4}) {
    const Dataset dataset = list_dataset(folder.path(), 42, threads);
    EXPECT_EQ(paths_of(dataset), Strings{"cats/good.png"});
    EXPECT_EQ(skipped_of(dataset), expected);
    const PictureListing pictures = list_pictures(folder.path(), threads);
    EXPECT_EQ(pictures.paths, Strings{"cats/good.png"});
    ASSERT_EQ(pictures.others.size(), expected.size());
    auto next = expected.begin();
    for (const auto& [path, reason] : pictures.others) {
      EXPECT_EQ(path, next->first);
      EXPECT_EQ(reason, next++->second);
    }
  }
}

TEST(Dataset, CountsAFileThatItMayNotReadIfItsNameIsAPictures) {
  const TempDir folder;
  add_picture(folder / "cats/good.png");
  for (const char* name : {"cats/secret.gif", "cats/secret.jpg"}) {
    write_test_file(folder / name, "GIF89a.....");
    fs::permissions(folder / name, fs::perms::none);
  }
  const AnotherUser user(folder.path());
  EXPECT_EQ(skipped_of(list_dataset(folder.path(), 42, 1)),
            (std::map<std::string, std::string>{{"cats/secret.jpg", "permission denied"}}));
}

TEST(Dataset, TakesAFolderForAFolderWhateverItsName) {
  const TempDir folder;
  for (const char* path : {"logo.png/1.png", "icon.gif/1.png", "cats/x.jpg/1.png"}) add_picture(folder / path);
  fs::create_directory_symlink("../logo.png", folder / "cats/y.webp");
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  EXPECT_EQ(paths_of(dataset), (Strings{"cats/x.jpg/1.png", "icon.gif/1.png", "logo.png/1.png"}));
  EXPECT_EQ(dataset.label_names, (Strings{"icon.gif", "logo.png", "x.jpg"}));
  EXPECT_EQ(skipped_of(dataset)["cats/y.webp"], "the same folder as logo.png, which is listed already");
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
  const std::string same = "the same folder as the top folder, which is listed already";
  EXPECT_EQ(skipped_of(dataset), (std::map<std::string, std::string>{{"cats/up", same}, {"self", same}}));
}

TEST(Dataset, ListsAFolderOnceHoweverManyLinksLeadToIt) {
  const TempDir folder;
  constexpr int kFolders = 30;  // 30! ways through them
  const auto name = [](int i) { return std::to_string(i + 10); };
  for (int i = 0; i < kFolders; ++i) {
    add_picture(folder / (name(i) + "/x.png"));
    for (int j = 0; j < kFolders; ++j) {
      if (i != j) fs::create_directory_symlink("../" + name(j), folder / (name(i) + "/a" + name(j)));
    }
  }
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  EXPECT_EQ(dataset.pictures.size(), static_cast<size_t>(kFolders));
  EXPECT_EQ(dataset.skipped.size(), static_cast<size_t>(kFolders * (kFolders - 1)));
  EXPECT_EQ(skipped_of(dataset)["10/a39"], "the same folder as 39, which is listed already");
}

// A folder with several paths is listed under the one with the fewest links in it, then the first by name; the order of
// creation does not matter.
TEST(Dataset, ListsAFolderUnderTheNameThatComesFirst) {
  const auto list = [](bool forwards) {
    const TempDir folder;
    const TempDir elsewhere;
    for (const char* path : {"x/1.png", "x/y/2.png", "z/3.png"}) add_picture(elsewhere / path);
    fs::create_directory_symlink("../z", elsewhere / "x/a");
    fs::create_directory_symlink(folder / "set/real", elsewhere / "x/again");
    add_picture(folder / "set/real/0.png");
    std::vector<std::pair<std::string, fs::path>> links = {{"a-real", "real"},         {"b", elsewhere / "x"},
                                                           {"b-y", elsewhere / "x/y"}, {"c", elsewhere / "x"},
                                                           {"m", elsewhere / "z"},     {"real/all", elsewhere.path()}};
    if (!forwards) std::reverse(links.begin(), links.end());
    for (const auto& [link, target] : links) fs::create_directory_symlink(target, folder / ("set/" + link));
    return list_dataset(folder / "set", std::nullopt, 1);
  };
  const Dataset dataset = list(true);
  EXPECT_EQ(paths_of(dataset), (Strings{"b/1.png", "b/y/2.png", "m/3.png", "real/0.png"}));
  EXPECT_EQ(skipped_of(dataset),
            (std::map<std::string, std::string>{{"a-real", "the same folder as real, which is listed already"},
                                                {"b-y", "the same folder as b/y, which is listed already"},
                                                {"b/a", "the same folder as m, which is listed already"},
                                                {"b/again", "the same folder as real, which is listed already"},
                                                {"c", "the same folder as b, which is listed already"},
                                                {"real/all/x", "the same folder as b, which is listed already"},
                                                {"real/all/z", "the same folder as m, which is listed already"}}));
  const Dataset backwards = list(false);
  EXPECT_EQ(paths_of(backwards), paths_of(dataset));
  EXPECT_EQ(skipped_of(backwards), skipped_of(dataset));
}

TEST(Dataset, EscapesNamesThatAreNotUtf8) {
  const TempDir folder;
  const std::string odd = std::string("n\n\xFF\"-").append(240, 'x');
  for (const std::string& name : {odd, std::string("-rf"), std::string("caf\xC3\xA9")}) {
    add_picture(folder.path() / name / (name + ".png"));
  }
  const Dataset dataset = list_dataset(folder.path(), std::nullopt, 1);
  const std::string text = std::string("n\n\\xff\"-").append(240, 'x');
  EXPECT_EQ(dataset.label_names, (Strings{"-rf", "caf\xC3\xA9", text}));
  EXPECT_EQ(dataset.pictures[2].path, text + "/" + text + ".png");
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

void expect_unlisted(const fs::path& folder, const std::string& path, const std::string& reason) {
  const AnotherUser user(folder);
  const std::string expected = ": a folder would be left out: " + path + " (" + reason +
                               "); mount the missing volume or fix the permissions, or add --max-skipped 100% to go on";
  expect_error(ErrorCode::kIo, expected, [&] { static_cast<void>(list_dataset(folder, 42, 1)); });
  const Dataset dataset = list_dataset(folder, 42, 1, Unlisted::kSkip);
  EXPECT_EQ(paths_of(dataset), Strings{"cats/1.png"});
  ASSERT_EQ(dataset.unlisted.size(), 1U);
  EXPECT_EQ(dataset.unlisted[0].path, path);
  EXPECT_EQ(dataset.unlisted[0].reason, reason);
  EXPECT_EQ(skipped_of(dataset)[path], reason);
  const PictureListing pictures = list_pictures(folder);
  EXPECT_EQ(pictures.paths, Strings{"cats/1.png"});
  ASSERT_EQ(pictures.unlisted.size(), 1U);
  EXPECT_EQ(pictures.unlisted[0].path, path);
}

TEST(Dataset, RefusesFoldersThatItMayNotRead) {
  for (const char* path : {"secret", "cats/secret", "cats/deep/secret.png"}) {
    const TempDir folder;
    add_picture(folder / "cats/1.png");
    add_picture(folder.path() / path / "1.png");
    fs::permissions(folder.path() / path, fs::perms::none);
    expect_unlisted(folder.path(), path, "folder cannot be listed: Permission denied");
    {
      const AnotherUser user(folder.path());
      expect_error(ErrorCode::kIo, "Permission denied",
                   [&] { static_cast<void>(list_dataset(folder.path() / path, 42, 1)); });
    }
    fs::permissions(folder.path() / path, fs::perms::all);
  }
}

TEST(Dataset, RefusesLinksThatMayLeadToFoldersItCannotList) {
  const TempDir locked;
  fs::create_directories(locked / "in/far");
  fs::permissions(locked.path(), fs::perms::none);
  const std::string nothing = "link cannot be followed: No such file or directory";
  const std::vector<std::array<std::string, 3>> cases = {
      {"dogs", "/mnt/not-mounted/dogs", nothing},
      {"README.txt", "nowhere", nothing},
      {"logo.png", "nowhere", nothing},
      {"icon.gif", "nowhere", nothing},
      {"loop", "loop", "link cannot be followed: Too many levels of symbolic links"},
      {"dogs", "cats/1.png/dogs", "link cannot be followed: Not a directory"},
      {"dogs", locked / "in/far", "link cannot be followed: Permission denied"},
      {"cats/far", locked / "in/far", "link cannot be followed: Permission denied"}};
  for (const auto& [path, target, reason] : cases) {
    const TempDir folder;
    add_picture(folder / "cats/1.png");
    fs::create_symlink(target, folder / path);
    expect_unlisted(folder.path(), path, reason);
  }
  fs::permissions(locked.path(), fs::perms::all);
}

TEST(Dataset, SkipsLinksToNothingThatAreNoClasses) {
  const TempDir folder;
  add_picture(folder / "cats/1.png");
  for (const char* path : {"cats/README", "cats/2.jpg", "cats/4.gif"}) {
    fs::create_symlink("nowhere", folder / path);
  }
  fs::create_symlink("loop", folder / "cats/loop");
  for (const char* path : {".hidden", "@eaDir"}) fs::create_symlink("nowhere", folder / path);
  const Dataset dataset = list_dataset(folder.path(), 42, 1);
  EXPECT_EQ(paths_of(dataset), Strings{"cats/1.png"});
  auto skipped = skipped_of(dataset);
  EXPECT_EQ(skipped["cats/README"], "link cannot be followed: No such file or directory");
  EXPECT_EQ(skipped["cats/loop"], "link cannot be followed: Too many levels of symbolic links");
  for (const char* path : {"cats/2.jpg", "cats/4.gif"}) EXPECT_EQ(skipped.count(path), 1U) << path;
  EXPECT_EQ(skipped.size(), 4U);
}

TEST(Dataset, NamesTheFirstFewOfManyFolders) {
  const TempDir folder;
  add_picture(folder / "cats/1.png");
  for (int i = 1; i <= 7; ++i) fs::create_symlink("nowhere", folder / ("dogs" + std::to_string(i)));
  expect_error(ErrorCode::kIo, ": 7 folders would be left out: dogs1 (link cannot",
               [&] { static_cast<void>(list_dataset(folder.path(), 42, 1)); });
  expect_error(ErrorCode::kIo, "dogs5 (link cannot be followed: No such file or directory) and 2 more; mount",
               [&] { static_cast<void>(list_dataset(folder.path(), 42, 1)); });
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
