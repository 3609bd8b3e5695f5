#include "picture_list.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "path_list.h"
#include "values.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Far more than a disk holds pictures, and some gigabytes of memory: an endless list ends here.
constexpr size_t kMostPictures = 50'000'000;

LabelledPath entry_of(std::string line) {
  const size_t tab = line.rfind('\t');
  if (tab == std::string::npos) return {.path = std::move(line)};
  std::string label = line.substr(tab + 1);
  line.resize(tab);
  return {.path = std::move(line), .label = std::move(label)};
}

std::vector<LabelledPath> entries_of(PathList list, const std::string& name) {
  constexpr size_t kAtOnce = 4096;
  std::vector<LabelledPath> entries;
  int64_t number = 0;
  for (auto lines = list.next(kAtOnce); !lines.empty(); lines = list.next(kAtOnce)) {
    for (const std::filesystem::path& line : lines) {
      ++number;
      if (line.native().size() >= PathList::kLongest) {  // it was cut
        throw Error(ErrorCode::kRefused, name + ": entry " + std::to_string(number) + " has more than " +
                                             std::to_string(PathList::kLongest - 1) +
                                             " bytes; expected a path, or a path, a tab and a label, each on a line of "
                                             "its own");
      }
      if (!line.empty()) entries.push_back(entry_of(line.native()));
    }
    require(entries.size() <= kMostPictures, ErrorCode::kRefused,
            name + " names more than " + std::to_string(kMostPictures) + " pictures; divide it into several lists");
  }
  return entries;
}

std::vector<LabelledPath> read_list(const PictureListOptions& options) {
  const Separator separator = options.separated_by_nul ? Separator::kNul : Separator::kFirst;
  if (options.files_from == "-") {
    const std::string name = "standard input";
    return entries_of(PathList(STDIN_FILENO, separator, name), name);
  }
  const std::string name = printable_path(options.files_from);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(options.files_from.c_str(), "re"), std::fclose);
  if (!file) {
    throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                name + " cannot be opened: " + system_message(errno));
  }
  return entries_of(PathList(::fileno(file.get()), separator, name), name);
}

}  // namespace

void add_files_from(CLI::App& app, PictureListOptions& options, CLI::Option* dataset) {
  CLI::Option* const list = app.add_option(
      "--files-from", options.files_from,
      "List of pictures, or - for standard input\nA path a line, below the folder; behind a tab its label, without "
      "which it is the name of the picture's folder.");
  list->type_name("FILE")->check(has_a_name());
  if (dataset != nullptr) {
    list->each([dataset](const std::string&) { dataset->required(false); });  // it is the current folder then
  }
  app.add_flag("-0,--null", options.separated_by_nul,
               "Paths of the list end with NUL, as by find -print0\nWithout this, the first line end or NUL decides.")
      ->needs(list);
}

std::optional<std::vector<LabelledPath>> read_picture_list(const PictureListOptions& options,
                                                           const std::filesystem::path& folder) {
  if (options.files_from.empty() && options.labels.empty()) return {};
  std::vector<LabelledPath> table;
  if (!options.labels.empty()) table = read_labelled_paths(options.labels);
  if (options.files_from.empty()) return table;
  std::vector<LabelledPath> list = read_list(options);
  if (!options.labels.empty()) add_labels(list, table, folder);
  return list;
}

}  // namespace vgg16
