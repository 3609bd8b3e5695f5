#include "features/contents.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "features/header.h"
#include "hdf5/global_heap.h"
#include "vgg16/error.h"
#include "vocabulary/recipe_fields.h"

namespace vgg16 {
namespace {

// CRC-32 values are read as int64, of which only 0 to 2^32 - 1 are possible.
uint32_t checksum_of(const UntrustedH5& file, int64_t value, const char* name) {
  if (value < 0 || value > int64_t{0xFFFFFFFF})
    file.refuse("is damaged: '" + std::string(name) + "' has values that are no checksums");
  return static_cast<uint32_t>(value);
}

// The attributes of the root group that a file of this program must have.
class OwnAttributes {
 public:
  explicit OwnAttributes(const UntrustedH5& file) : file_(file), heap_(file.h5()) {
    H5Attributes all = file.attributes();
    // Refused only in a file of this program: from files of the old scripts no attributes are needed.
    if (all.elsewhere && file.has("row_crc32")) {
      file.refuse("keeps its attributes in a later HDF5 format; extract again");
    }
    found_ = std::move(all.by_name);
  }

  [[nodiscard]] bool has(const char* name) const { return found_.contains(name); }
  [[nodiscard]] std::string text(const char* name) {
    return std::string(heap_.text(HeapReference(get(name, H5Type::Kind::kVariableText).value.data())));
  }
  [[nodiscard]] int64_t integer(const char* name) const {
    const H5Attribute& found = get(name, H5Type::Kind::kInteger);
    return load_integer(found.value, found.type.is_signed, found.type.big_endian);
  }

 private:
  // A wrong type is refused like a missing attribute: this program writes neither.
  [[nodiscard]] const H5Attribute& get(const char* name, H5Type::Kind kind) const {
    const auto found = found_.find(name);
    if (found == found_.end() || found->second.type.kind != kind) {
      file_.refuse("is damaged: its attribute '" + std::string(name) + "' is missing or of another type");
    }
    return found->second;
  }

  const UntrustedH5& file_;
  GlobalHeap heap_;
  std::map<std::string, H5Attribute> found_;
};

void read_recipe(const UntrustedH5& file, OwnAttributes& attributes, FeatureFilePlan& plan) {
  const int64_t version = attributes.integer("format_version");
  if (version > kFeatureFormatVersion) {
    file.refuse("was made by a newer version of this program (format " + std::to_string(version) + ", this one reads " +
                std::to_string(kFeatureFormatVersion) + ")");
  }
  if (version < 1) file.refuse("is damaged: its format version is " + std::to_string(version));
  for (const RecipeField& field : kRecipeFields) plan.recipe.*field.value = attributes.text(field.name);
  plan.seed = attributes.integer("seed");
}

// The attributes of a shard. They decide how much memory merging takes, so they are checked against one another.
ShardPlan read_shard(const UntrustedH5& file, OwnAttributes& attributes, int64_t rows, int64_t skipped) {
  ShardPlan shard{.shard = {.index = attributes.integer("shard_index"), .count = attributes.integer("shard_count")},
                  .total_rows = attributes.integer("total_rows"),
                  .plan_digest = attributes.text("plan_digest"),
                  .row_numbers = file.integers("row_numbers", rows)};
  const auto [index, count] = std::pair(shard.shard.index, shard.shard.count);
  bool valid = count >= 1 && index >= 1 && index <= count && shard.total_rows >= rows;
  if (valid) {  // merging allocates total_rows entries: check that it fits the numbers of rows and of skipped pictures
    const int64_t planned = shard.total_rows < index ? 0 : (shard.total_rows - index) / count + 1;
    valid = planned >= rows && planned - rows <= skipped;
  }
  int64_t previous = -1;
  for (const int64_t row : shard.row_numbers) {
    valid = valid && row > previous && row < shard.total_rows && row % count == index - 1;
    previous = row;
  }
  if (!valid) file.refuse("is damaged: what it says about its shard contradicts itself");
  return shard;
}

// Labels as they are stored, and the names of the classes: those in the file, or made from the labels.
void read_labels(const UntrustedH5& file, const FeatureFileOptions& options, FeatureFileContents& contents) {
  LabelValues values;
  if (contents.ours) {
    values.numbers = file.integers(options.labels_name, contents.rows);
  } else {
    values = file.labels(options.labels_name, contents.rows);
  }
  std::vector<std::string>& names = contents.plan.label_names;
  if (!contents.ours && (!file.has("label_names") || !values.texts.empty())) {
    Classes classes = classes_of(values);
    const auto zero = std::find(values.numbers.begin(), values.numbers.end(), 0);
    if (zero != values.numbers.end()) {
      contents.zero_label = classes.labels[static_cast<size_t>(zero - values.numbers.begin())];
    }
    contents.labels = std::move(classes.labels);
    names = std::move(classes.names);
    return;
  }
  contents.labels = std::move(values.numbers);
  contents.zero_label = 0;
  names = file.strings("label_names", std::nullopt);
  // Two classes with the same name could not be told apart in the report.
  std::set<std::string_view> different;
  for (const std::string& name : names) {
    if (!different.insert(name).second) file.refuse("names " + printable(name) + " twice in 'label_names'");
  }
  const auto classes = static_cast<int64_t>(names.size());
  for (size_t row = 0; row < contents.labels.size(); ++row) {
    const int64_t label = contents.labels[row];
    if (label < 0 || label >= classes) {
      file.refuse("has label " + std::to_string(label) + " in row " + std::to_string(row) + ", but only " +
                  std::to_string(classes) + " names in 'label_names'");
    }
  }
}

}  // namespace

FeatureFileContents read_contents(const UntrustedH5& file, const FeatureFileOptions& options) {
  FeatureFileContents contents;
  FeatureFilePlan& plan = contents.plan;
  const H5Dataset features = file.dataset(options.features_name, 2);
  const int64_t rows = contents.rows = features.dims[0];
  plan.columns = features.dims[1];
  contents.format = file.float_format(features);
  if (features.layout == H5Dataset::Layout::kContiguous && features.count() > 0) {
    contents.features_offset = file.h5().offset_of(features.address);
  }
  OwnAttributes attributes(file);
  contents.ours = attributes.has("format_version");
  const FeatureFileOptions own;
  if (contents.ours && (options.features_name != own.features_name || options.labels_name != own.labels_name)) {
    file.refuse("was made by vgg16 extract, which calls its rows 'features' and 'labels'; leave out other names");
  }
  // Only a shard may have no rows: its pictures may all have been skipped.
  const bool shard = contents.ours && attributes.has("shard_count");
  if (plan.columns == 0 || (rows == 0 && !shard)) file.refuse("holds no features");

  // One row as stored and one as float32 are in memory at a time.
  file.h5().take_memory(checked_product(plan.columns, 2 * sizeof(float)), "a row of 'features'");
  if (contents.ours || options.needs_labels) read_labels(file, options, contents);
  if (!contents.ours) return contents;

  read_recipe(file, attributes, plan);
  if (contents.format.type == NumberType::kF64 || contents.format.big_endian ||
      (contents.features_offset < 0 && rows > 0)) {
    file.refuse("is damaged: its features are not stored as this program stores them");
  }
  // From here on the file must be as this program writes it.
  plan.type = contents.format.type == NumberType::kF16 ? FeatureType::kF16 : FeatureType::kF32;
  file.h5().take_memory(checked_product(rows, sizeof(PictureFile) + sizeof(uint32_t)), "what is known of its rows");
  plan.pictures.resize(static_cast<size_t>(rows));
  std::vector<std::string> paths = file.strings("paths", rows);
  const std::vector<int64_t> sizes = file.integers("file_size", rows);
  const std::vector<int64_t> file_sums = file.integers("file_crc32", rows);
  const std::vector<int64_t> row_sums = file.integers("row_crc32", rows);
  contents.row_crc32.reserve(plan.pictures.size());
  for (size_t row = 0; row < plan.pictures.size(); ++row) {
    plan.pictures[row].label = contents.labels[row];
    plan.pictures[row].path = std::move(paths[row]);
    plan.pictures[row].size_bytes = sizes[row];
    plan.pictures[row].crc32 = checksum_of(file, file_sums[row], "file_crc32");
    contents.row_crc32.push_back(checksum_of(file, row_sums[row], "row_crc32"));
  }
  std::vector<std::string> skipped = file.strings("skipped", std::nullopt, 2);
  for (size_t i = 0; i < skipped.size(); i += 2) {
    plan.skipped.push_back({std::move(skipped[i]), std::move(skipped[i + 1])});
  }
  if (shard) plan.shard = read_shard(file, attributes, rows, static_cast<int64_t>(plan.skipped.size()));
  return contents;
}

// A checksum of 0 marks a row that was not committed. Files of the old scripts have no checksums and pass.
void require_finished(const FeatureFileContents& contents, const std::string& name) {
  const auto missing = std::count(contents.row_crc32.begin(), contents.row_crc32.end(), 0U);
  if (missing == 0) return;
  const auto rows = static_cast<std::ptrdiff_t>(contents.row_crc32.size());
  throw Error(ErrorCode::kRefused, name + " is unfinished: it holds " + std::to_string(rows - missing) + " of " +
                                       std::to_string(rows) + " rows; finish it with vgg16 extract --resume");
}

}  // namespace vgg16
