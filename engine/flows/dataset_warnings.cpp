#include "flows/dataset_warnings.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

#include "vgg16/classifier.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// The folders that give the pictures in them their class.
using ClassFolders = std::map<std::string, int64_t>;

ClassFolders class_folders(const Dataset& dataset) {
  ClassFolders folders;
  for (const PictureFile& picture : dataset.pictures) {
    const size_t end = picture.path.rfind('/');
    if (end == std::string::npos) continue;
    const std::string folder = picture.path.substr(0, end);
    const std::string& label = dataset.label_names[static_cast<size_t>(picture.label)];
    if (folder.substr(folder.rfind('/') + 1) == label) folders.try_emplace(folder, picture.label);
  }
  return folders;
}

std::string counted(size_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

std::string class_name(const Dataset& dataset, int64_t label) {
  return printable(dataset.label_names[static_cast<size_t>(label)]);
}

// As in CLASS/images/1.jpg.
std::string several_folders(const Dataset& dataset, const ClassFolders& folders) {
  std::map<int64_t, std::vector<std::string>> folders_of;
  for (const auto& [folder, label] : folders) folders_of[label].push_back(printable(folder));
  std::erase_if(folders_of, [](const auto& of_class) { return of_class.second.size() < 2; });
  if (folders_of.empty()) return "";
  const auto& [label, first] = *folders_of.begin();
  return counted(folders_of.size(), "class is", "classes are") + " drawn from several folders; the first, " +
         class_name(dataset, label) + ", from " + std::to_string(first.size()) + ", such as " + first[0] + " and " +
         first[1] +
         "; the class of a picture is the name of the folder that holds it: if these are different classes, move the "
         "pictures into folders of their names";
}

// The nearest folder above `folder` that holds pictures of another class, or end().
ClassFolders::const_iterator outer_class(const ClassFolders& folders, const ClassFolders::value_type& folder) {
  for (size_t end = folder.first.rfind('/'); end != std::string::npos && end > 0;
       end = folder.first.rfind('/', end - 1)) {
    const auto outer = folders.find(folder.first.substr(0, end));
    if (outer != folders.end() && outer->second != folder.second) return outer;
  }
  return folders.end();
}

std::string nested_folders(const Dataset& dataset, const ClassFolders& folders) {
  size_t number = 0;
  std::string example;
  for (const auto& folder : folders) {
    const auto outer = outer_class(folders, folder);
    if (outer == folders.end() || ++number > 1) continue;
    example = printable(folder.first) + ", is the class " + class_name(dataset, folder.second) + ", not " +
              class_name(dataset, outer->second);
  }
  if (number == 0) return "";
  return counted(number, "class folder is", "class folders are") + " inside the folder of another class; the first, " +
         example + "; if it is meant as a part of the outer class, move its pictures there";
}

std::string small_classes(const Dataset& dataset) {
  const int folds = TrainOptions{}.folds;
  std::vector<int64_t> pictures(dataset.label_names.size());
  for (const PictureFile& picture : dataset.pictures) ++pictures[static_cast<size_t>(picture.label)];
  const auto is_small = [&](int64_t number) { return number < folds; };
  const auto first = std::find_if(pictures.begin(), pictures.end(), is_small);
  if (first == pictures.end()) return "";
  const auto number = static_cast<size_t>(std::count_if(first, pictures.end(), is_small));
  return counted(number, "class has", "classes have") + " fewer pictures than the " + std::to_string(folds) +
         " folds that train makes by default; the first, " + class_name(dataset, first - pictures.begin()) + ", has " +
         std::to_string(*first) + "; add pictures, or leave the class out";
}

std::string pictures_in_two_classes(const Dataset& dataset) {
  std::vector<const PictureFile*> sorted;
  for (const PictureFile& picture : dataset.pictures) sorted.push_back(&picture);
  const auto content = [](const PictureFile* picture) { return std::tie(picture->size_bytes, picture->crc32); };
  std::sort(sorted.begin(), sorted.end(), [&](const PictureFile* a, const PictureFile* b) {
    return std::tie(a->size_bytes, a->crc32, a->path) < std::tie(b->size_bytes, b->crc32, b->path);
  });
  size_t number = 0;
  const PictureFile* first = nullptr;
  const PictureFile* other = nullptr;
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const auto end = std::find_if(begin, sorted.end(), [&](const auto* p) { return content(p) != content(*begin); });
    const auto differs = std::find_if(begin, end, [&](const auto* p) { return p->label != (*begin)->label; });
    if (differs != end) {
      ++number;
      if (first == nullptr || (*begin)->path < first->path) std::tie(first, other) = std::tuple(*begin, *differs);
    }
    begin = end;
  }
  if (number == 0) return "";
  return counted(number, "picture is", "pictures are") + " in more than one class; the first, " +
         printable(first->path) + ", is also " + printable(other->path) +
         " (the same size and CRC-32); keep it in one of them";
}

std::string named_again(const Dataset& dataset) {
  if (dataset.repeated == 0) return "";
  return counted(static_cast<size_t>(dataset.repeated), "line of the list names", "lines of the list name") +
         " a picture that is in it before; each picture has one row";
}

}  // namespace

std::vector<std::string> dataset_warnings(const Dataset& dataset) {
  const ClassFolders folders = class_folders(dataset);
  std::vector<std::string> lines;
  for (const std::string& line : {several_folders(dataset, folders), nested_folders(dataset, folders),
                                  small_classes(dataset), pictures_in_two_classes(dataset), named_again(dataset)}) {
    if (!line.empty()) lines.push_back(printable_path(dataset.folder) + ": " + line);
  }
  return lines;
}

}  // namespace vgg16
