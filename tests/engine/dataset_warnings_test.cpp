#include "flows/dataset_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vgg16 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As list_dataset would find these pictures in "pets", each different from the others.
Dataset dataset_of(const std::vector<std::string>& paths) {
  Dataset dataset;
  dataset.folder = "pets";
  const auto class_of = [](std::string path) {
    path.resize(path.rfind('/'));
    return path.substr(path.rfind('/') + 1);
  };
  for (const std::string& path : paths) dataset.label_names.push_back(class_of(path));
  std::sort(dataset.label_names.begin(), dataset.label_names.end());
  dataset.label_names.erase(std::unique(dataset.label_names.begin(), dataset.label_names.end()),
                            dataset.label_names.end());
  for (const std::string& path : paths) {
    const auto label = std::find(dataset.label_names.begin(), dataset.label_names.end(), class_of(path));
    dataset.pictures.push_back({.path = path,
                                .label = label - dataset.label_names.begin(),
                                .size_bytes = 100,
                                .crc32 = static_cast<uint32_t>(dataset.pictures.size())});
  }
  return dataset;
}

// Enough pictures for each of `folders`, not in the order of their paths.
Dataset with_pictures_in(const std::vector<std::string>& folders) {
  std::vector<std::string> paths;
  for (const char* name : {"3.jpg", "1.jpg", "2.jpg"}) {
    for (const std::string& folder : folders) paths.push_back(folder + "/" + name);
  }
  return dataset_of(paths);
}

TEST(DatasetWarnings, AreNoneForAFolderPerClass) {
  EXPECT_THAT(dataset_warnings(with_pictures_in({"dogs", "cats", "cats2"})), IsEmpty());
  EXPECT_THAT(dataset_warnings(with_pictures_in({"set/dogs", "set/cats"})), IsEmpty());
  EXPECT_THAT(dataset_warnings({}), IsEmpty());
}

TEST(DatasetWarnings, NameAClassOfManyFolders) {
  const std::string rest =
      "; the class of a picture is the name of the folder that holds it: if these are different classes, move the "
      "pictures into folders of their names";
  EXPECT_THAT(dataset_warnings(with_pictures_in({"n03/images", "n01/images", "n02/images"})),
              ElementsAre("pets: 1 class is drawn from several folders; the first, images, from 3, such as n01/images "
                          "and n02/images" +
                          rest));
  EXPECT_THAT(dataset_warnings(with_pictures_in({"train/cats", "test/cats", "train/dogs", "test/dogs", "birds"})),
              ElementsAre("pets: 2 classes are drawn from several folders; the first, cats, from 2, such as test/cats "
                          "and train/cats" +
                          rest));
}

TEST(DatasetWarnings, NameAClassInsideAnother) {
  const std::string rest = "; if it is meant as a part of the outer class, move its pictures there";
  EXPECT_THAT(
      dataset_warnings(with_pictures_in({"cats", "cats/small/kittens", "dogs"})),
      ElementsAre("pets: 1 class folder is inside the folder of another class; the first, cats/small/kittens, is the "
                  "class kittens, not cats" +
                  rest));
  EXPECT_THAT(dataset_warnings(with_pictures_in({"cats", "cats/kittens", "dogs", "dogs/puppies", "dogs/puppies/new"})),
              ElementsAre("pets: 3 class folders are inside the folder of another class; the first, cats/kittens, is "
                          "the class kittens, not cats" +
                          rest));
}

TEST(DatasetWarnings, NameAClassThatIsTooSmallForTheFolds) {
  EXPECT_THAT(dataset_warnings(dataset_of({"cats/1", "cats/2", "cats/3", "dogs/1", "dogs/2"})),
              ElementsAre("pets: 1 class has fewer pictures than the 3 folds that train makes by default; the first, "
                          "dogs, has 2; add pictures, or leave the class out"));
  EXPECT_THAT(dataset_warnings(dataset_of({"a\nb/1", "c/1"})),
              ElementsAre("pets: 2 classes have fewer pictures than the 3 folds that train makes by default; the "
                          "first, a\\x0ab, has 1; add pictures, or leave the class out"));
}

TEST(DatasetWarnings, NameAPictureInTwoClasses) {
  Dataset dataset = with_pictures_in({"cats", "dogs"});  // cats/3, dogs/3, cats/1, dogs/1, cats/2, dogs/2
  dataset.pictures[0].crc32 = dataset.pictures[2].crc32;
  EXPECT_THAT(dataset_warnings(dataset), IsEmpty()) << "twice in one class";
  dataset.pictures[3].crc32 = dataset.pictures[2].crc32;
  EXPECT_THAT(dataset_warnings(dataset),
              ElementsAre("pets: 1 picture is in more than one class; the first, cats/1.jpg, is also dogs/1.jpg (the "
                          "same size and CRC-32); keep it in one of them"));
  dataset.pictures[4].crc32 = dataset.pictures[5].crc32;
  EXPECT_THAT(dataset_warnings(dataset),
              ElementsAre("pets: 2 pictures are in more than one class; the first, cats/1.jpg, is also dogs/1.jpg (the "
                          "same size and CRC-32); keep it in one of them"));
  for (PictureFile& picture : dataset.pictures) picture.size_bytes += picture.label;
  EXPECT_THAT(dataset_warnings(dataset), IsEmpty()) << "of different sizes";
}

TEST(DatasetWarnings, SayWhatAListNamesAgainAndLeaveFoldersThatAreNoClassesAlone) {
  Dataset dataset = with_pictures_in({"a/images", "b/images"});
  dataset.label_names = {"cats"};
  EXPECT_THAT(dataset_warnings(dataset), IsEmpty());
  dataset.repeated = 2;
  EXPECT_THAT(dataset_warnings(dataset), ElementsAre("pets: 2 lines of the list name a picture that is in it before; "
                                                     "each picture has one row"));
}

}  // namespace
}  // namespace vgg16
