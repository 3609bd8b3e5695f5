// Features files of any kind, one or several, as one table.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "features/contents.h"
#include "features/label_file.h"
#include "features/npy_table.h"
#include "features/reader.h"
#include "features/shards.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vocabulary/floating_point.h"
#include "vocabulary/recipe_fields.h"
#include "vocabulary/utf8.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

struct Part {
  FeatureTable table;
  std::optional<ShardFile> shard;  // if the file is one
};

// The file, if it is a .npy file.
std::optional<PosixFile> npy_file(const fs::path& path) {
  PosixFile file(path, O_RDONLY | O_NONBLOCK);
  std::array<std::byte, 6> start{};
  const struct stat status = file.status();
  if (!S_ISREG(status.st_mode) || status.st_size < static_cast<off_t>(start.size())) return std::nullopt;
  file.read_at(0, start);
  if (file_kind(start) != FileKind::kNumpy) return std::nullopt;
  return file;
}

Part open_part(const fs::path& path, const FeatureFileOptions& options) {
  if (std::optional<PosixFile> npy = npy_file(path)) {
    Part part{npy_table(std::move(*npy)), {}};
    require(!options.needs_labels, ErrorCode::kRefused,
            part.table.name + " is a NumPy array, which holds no labels; name their file with --labels");
    return part;
  }
  UntrustedH5 file(path);
  FeatureFileContents contents = read_contents(file, options);
  require_finished(contents, file.name());
  const bool has_checksums = contents.ours;
  Part part;
  if (contents.plan.shard) part.shard = {path, contents.plan};
  part.table = table_of(std::move(file), std::move(contents), options.features_name);
  if (!has_checksums) {  // rows that were never written are mostly at the end: find them before any work is done
    std::vector<float> last(static_cast<size_t>(part.table.columns));
    part.table.read_rows(part.table.rows - 1, 1, last.data());
  }
  return part;
}

// Rows [first, ...) of the whole table are rows [row, ...) of a part, up to the next segment.
struct Segment {
  int64_t first;
  size_t part;
  int64_t row;
};

bool are_of_one_run(const std::vector<Part>& parts) {
  const auto is_shard = [&](const Part& part) {
    return part.shard && part.shard->plan.shard->plan_digest == parts[0].shard->plan.shard->plan_digest;
  };
  return parts[0].shard && std::all_of(parts.begin(), parts.end(), is_shard);
}

// Where each row comes from: the files one after another, or, if they are the shards of one run, in the order of that
// run, as in the merged file.
std::vector<Segment> segments_of(const std::vector<Part>& parts) {
  std::vector<Segment> segments;
  int64_t first = 0;
  if (!are_of_one_run(parts)) {
    for (size_t p = 0; p < parts.size(); ++p) {
      segments.push_back({first, p, 0});
      first += parts[p].table.rows;
    }
    return segments;
  }
  std::vector<ShardFile> shards;
  for (const Part& part : parts) shards.push_back(*part.shard);
  require_all_shards(shards);
  std::vector<std::tuple<int64_t, size_t, int64_t>> rows;  // number in the run, part, row
  for (size_t p = 0; p < parts.size(); ++p) {
    int64_t row = 0;
    for (const int64_t number : shards[p].plan.shard->row_numbers) rows.emplace_back(number, p, row++);
  }
  std::sort(rows.begin(), rows.end());
  for (const auto& [number, part, row] : rows) segments.push_back({first++, part, row});
  return segments;
}

void require_alike(const FeatureTable& a, const FeatureTable& b) {
  const auto differ = [&](std::string_view what, const std::string& there, const std::string& here) {
    throw Error(ErrorCode::kRefused, b.name + " and " + a.name + " cannot be used together: " + std::string(what) +
                                         " (" + printable(here) + " and " + printable(there) + ")");
  };
  for (const RecipeField& field : std::span(kRecipeFields).first(kComparedRecipeFields)) {
    const auto shown = [&](const FeatureTable& table) {
      return table.recipe.*field.value == "" ? "not recorded" : table.recipe.*field.value;
    };
    if (a.recipe.*field.value != b.recipe.*field.value) differ(field.difference, shown(a), shown(b));
  }
  if (a.columns != b.columns) {
    differ("numbers of columns differ", std::to_string(a.columns), std::to_string(b.columns));
  }
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// The names of all parts: as they are if the parts agree, otherwise sorted, as numbers if they all are.
std::vector<std::string> all_names(const std::vector<Part>& parts) {
  const std::vector<std::string>& first = parts[0].table.label_names;
  const auto agrees = [&](const Part& part) { return part.table.label_names == first; };
  if (std::all_of(parts.begin(), parts.end(), agrees)) return first;
  std::set<std::string> union_of_names;
  for (const Part& part : parts) union_of_names.insert(part.table.label_names.begin(), part.table.label_names.end());
  std::vector<std::string> names(union_of_names.begin(), union_of_names.end());
  if (std::all_of(names.begin(), names.end(), [](const std::string& name) { return whole_number(name); })) {
    std::stable_sort(names.begin(), names.end(),
                     [](const std::string& a, const std::string& b) { return *whole_number(a) < *whole_number(b); });
  }
  return names;
}

// The labels, paths and files of all rows, in the order of `segments`.
void join_rows(const std::vector<Part>& parts, const std::vector<Segment>& segments, FeatureTable& all) {
  all.label_names = all_names(parts);
  std::map<std::string_view, int64_t> label_of;
  for (const std::string& name : all.label_names) label_of.emplace(name, static_cast<int64_t>(label_of.size()));
  const bool have_paths = std::all_of(parts.begin(), parts.end(), [](const Part& p) { return !p.table.paths.empty(); });
  const bool have_files = std::all_of(parts.begin(), parts.end(), [](const Part& p) { return !p.table.files.empty(); });
  for (size_t s = 0; s < segments.size(); ++s) {
    const FeatureTable& table = parts[segments[s].part].table;
    const int64_t end = s + 1 < segments.size() ? segments[s + 1].first : all.rows;
    for (int64_t i = 0; i < end - segments[s].first; ++i) {
      const auto row = static_cast<size_t>(segments[s].row + i);
      if (!table.labels.empty()) {
        all.labels.push_back(label_of.at(table.label_names[static_cast<size_t>(table.labels[row])]));
      }
      if (have_paths) all.paths.push_back(table.paths[row]);
      if (have_files) all.files.push_back(table.files[row]);
    }
  }
}

// One table of all parts. Its rows are read from the parts.
FeatureTable joined(std::vector<Part> parts) {
  if (parts.size() == 1) return std::move(parts[0].table);
  FeatureTable all;
  all.columns = parts[0].table.columns;
  all.recipe = parts[0].table.recipe;
  all.name = parts[0].table.name + " and " + std::to_string(parts.size() - 1) + " more";
  for (const Part& part : parts) {
    require_alike(parts[0].table, part.table);
    all.rows += part.table.rows;
    // What need not be the same is recorded only if it is.
    for (const RecipeField& field : kRecipeFields) {
      if (part.table.recipe.*field.value != all.recipe.*field.value) (all.recipe.*field.value).clear();
    }
  }
  std::vector<Segment> segments = segments_of(parts);
  join_rows(parts, segments, all);
  std::vector<std::function<void(int64_t, int64_t, float*)>> read;
  for (const Part& part : parts) read.push_back(part.table.read_rows);
  all.read_rows = [read = std::move(read), segments = std::move(segments), rows = all.rows, columns = all.columns](
                      int64_t first, int64_t count, float* out) {
    require_rows(first, count, rows);
    auto segment = std::upper_bound(segments.begin(), segments.end(), first,
                                    [](int64_t row, const Segment& s) { return row < s.first; }) -
                   1;
    for (const int64_t last = first + count; first < last; ++segment) {
      const int64_t end = std::min(last, segment + 1 == segments.end() ? rows : segment[1].first);
      read[segment->part](segment->row + first - segment->first, end - first, out);
      out += (end - first) * columns;
      first = end;
    }
  };
  return all;
}

// Gives the rows of `table` the labels in `files`, one file after another.
void set_labels(const std::vector<fs::path>& files, FeatureTable& table) {
  LabelValues all = read_label_file(files[0], table.rows);
  for (size_t i = 1; i < files.size(); ++i) {
    LabelValues more = read_label_file(files[i], table.rows);
    require(all.texts.empty() == more.texts.empty() && all.is_bool == more.is_bool, ErrorCode::kRefused,
            printable_path(files[i]) + " and " + printable_path(files[0]) +
                " hold labels of different kinds; save both as text, or both as numbers");
    all.numbers.insert(all.numbers.end(), more.numbers.begin(), more.numbers.end());
    std::move(more.texts.begin(), more.texts.end(), std::back_inserter(all.texts));
  }
  const auto count = static_cast<int64_t>(all.numbers.size() + all.texts.size());
  if (count != table.rows) {
    throw Error(ErrorCode::kRefused,
                printable_path(files[0]) + (files.size() > 1 ? " and the others hold " : " holds ") +
                    (count > table.rows + 1 ? "more" : std::to_string(count)) +
                    " labels, expected one for each of the " + std::to_string(table.rows) + " rows of " + table.name +
                    (count == table.rows + 1 && !all.texts.empty() ? "; remove the first line if it is a header" : ""));
  }
  Classes classes = classes_of(all);
  escape_unless_utf8(classes.names);
  table.labels = std::move(classes.labels);
  table.label_names = std::move(classes.names);
}

}  // namespace

// Headers are read and checked here, rows only when they are needed.
FeatureTable open_feature_files(std::span<const fs::path> paths, const FeatureFileOptions& options) {
  const StandardFloatingPoint mode;
  require(!paths.empty(), ErrorCode::kInvalidArgument, "no features file was named");
  FeatureFileOptions reading = options;
  reading.needs_labels = options.needs_labels && options.label_files.empty();
  std::vector<Part> parts;
  for (const fs::path& path : paths) parts.push_back(open_part(path, reading));
  if (options.label_files.size() > 1 && parts.size() > 1 && are_of_one_run(parts)) {
    throw Error(ErrorCode::kRefused,
                parts[0].table.name +
                    " and the others are shards, whose rows alternate; give one file with the labels "
                    "of all rows in the order of the merged file");
  }
  FeatureTable table = joined(std::move(parts));
  if (!options.label_files.empty()) set_labels(options.label_files, table);
  return table;
}

FeatureTable open_feature_file(const fs::path& path, const FeatureFileOptions& options) {
  return open_feature_files({&path, 1}, options);
}

}  // namespace vgg16
