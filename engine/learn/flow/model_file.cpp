#include "learn/flow/model_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <vector>

#include "files/files.h"
#include "learn/flow/forest_file.h"
#include "learn/solve/softmax.h"
#include "safetensors/safetensors.h"
#include "vgg16/error.h"
#include "vocabulary/file_kind.h"
#include "vocabulary/floating_point.h"
#include "vocabulary/recipe_fields.h"
#include "vocabulary/shape_text.h"
#include "vocabulary/utf8.h"

namespace vgg16 {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// Larger files are refused. A model of a thousand classes and block4_pool's 100,352 columns has 0.8 GB.
constexpr size_t kMaxModelBytes = size_t{1} << 32U;

/// The metadata key of the kind of classifier; logistic regression's models, the only ones at first, have none.
constexpr const char* kClassifierKey = "classifier";

/// The metadata key of the checksum.
constexpr const char* kChecksumKey = "crc32";

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(ErrorCode::kRefused, name + ": " + what);
}

/// Throws Error{kRefused} for kinds of files that may be mistaken for a model, and says what they are. `bytes` are the
/// first bytes of the file.
void refuse_other_kinds(std::span<const std::byte> bytes, const std::string& name) {
  const FileKind kind = file_kind(bytes);
  if (kind != FileKind::kSafetensors) {
    throw Error(ErrorCode::kRefused, name + " " + wrong_kind(kind, "a model made by vgg16 train"));
  }
}

/// The values of a tensor, which must be F64, have `dimensions` dimensions and be finite. Sets `shape`.
std::vector<double> doubles(const SafetensorsView& file, const char* tensor, size_t dimensions,
                            std::vector<int64_t>& shape, const std::string& name) {
  const auto found = file.tensors.find(tensor);
  if (found == file.tensors.end()) {
    refuse(name, std::string("no tensor `") + tensor + "`; expected a model made by vgg16 train");
  }
  const TensorView& view = found->second;
  if (view.dtype != "F64" || view.shape.size() != dimensions) {
    refuse(name, std::string(tensor) + ": " + view.dtype + " " + shape_text(view.shape) + ", expected F64 with " +
                     std::to_string(dimensions) + (dimensions == 1 ? " dimension" : " dimensions"));
  }
  shape = view.shape;
  std::vector<double> values(view.bytes.size() / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      refuse(name, std::string(tensor) + ": value " + std::to_string(i) + " is not finite; the file is damaged");
    }
  }
  return values;
}

/// A required metadata entry.
const std::string& text(const SafetensorsView& file, const char* key, const std::string& name) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    refuse(name, std::string("no metadata `") + key + "`; expected a model made by vgg16 train");
  }
  return found->second;
}

/// Parses the list of class names. Stops with an error after `most` of them, so that a damaged file cannot take memory.
std::vector<std::string> parse_classes(const std::string& json, int64_t most, const std::string& name) {
  std::vector<std::string> classes;
  const auto watch = [&](int depth, Json::parse_event_t event, const Json& item) {
    if (depth == 0) return true;  // the list itself
    if (event != Json::parse_event_t::value || !item.is_string()) {
      refuse(name, "metadata `classes` contains a value that is not a name");
    }
    if (std::cmp_equal(classes.size(), most)) {
      refuse(name, "metadata `classes` has more than " + std::to_string(most) + " names, all that coef has rows for");
    }
    classes.push_back(item.get<std::string>());
    return false;  // do not keep it in the parsed JSON as well
  };
  Json parsed;
  try {
    if (json.starts_with('[')) parsed = Json::parse(json, watch);
  } catch (const Json::exception&) {
    parsed = {};
  }
  if (!parsed.is_array()) refuse(name, "metadata `classes` is not a JSON list");
  std::set<std::string_view> seen;
  for (const std::string& found : classes) {
    if (!seen.insert(found).second) refuse(name, "metadata `classes` names " + printable(found) + " twice");
  }
  if (classes.size() < 2) {
    refuse(name, "metadata `classes` has " + std::to_string(classes.size()) + " names, expected at least 2");
  }
  return classes;
}

/// from_chars does not depend on the locale, unlike strtod.
double parse_c(const std::string& text, const std::string& name) {
  double c = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), c);
  if (error != std::errc() || end != text.data() + text.size() || !(c > 0) || !std::isfinite(c)) {
    refuse(name, "metadata `C` is not a positive number");
  }
  return c;
}

class Checksum {
 public:
  void add(std::span<const std::byte> bytes) {
    add(bytes.size());
    if (bytes.empty()) return;  // zlib returns the initial checksum for a null pointer
    sum_ = crc32_z(sum_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  void add(uint64_t number) {
    static_assert(std::endian::native == std::endian::little);
    sum_ = crc32_z(sum_, reinterpret_cast<const Bytef*>(&number), sizeof number);
  }
  [[nodiscard]] std::string text() const {
    std::array<char, 9> digits{};
    std::snprintf(digits.data(), digits.size(), "%08lx", sum_);
    return digits.data();
  }

 private:
  uLong sum_ = 0;
};

/// This version writes a checksum to every file, so one without it is damaged or of an earlier version.
void require_checksum(const SafetensorsView& file, const std::string& name) {
  const auto found = file.metadata.find(kChecksumKey);
  if (found != file.metadata.end() && found->second == model_checksum(file)) return;
  if (found == file.metadata.end()) refuse(name, "no checksum: damaged, or made by an earlier version; train again");
  refuse(name, "damaged: its checksum does not match its content; copy it again, or train again");
}

/// `text` as it will be read back from the file's metadata, where invalid UTF-8 has been replaced. The checksum must be
/// of that.
std::string as_stored(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

std::span<const std::byte> bytes_of(const std::vector<double>& values) {
  return std::as_bytes(std::span<const double>(values));
}

ClassifierKind parse_kind(const SafetensorsView& file, const std::string& name) {
  const auto found = file.metadata.find(kClassifierKey);
  if (found == file.metadata.end()) return ClassifierKind::kLogistic;
  for (const ClassifierKind kind : {ClassifierKind::kSvm, ClassifierKind::kForest}) {
    if (found->second == classifier_name(kind)) return kind;
  }
  refuse(name, "classifier " + printable(found->second) + ", expected svm, forest, or none for logistic regression");
}

/// Reads what only models with a linear score per class have.
void parse_linear(const SafetensorsView& file, const std::string& name, Classifier& model) {
  const bool svm = model.kind == ClassifierKind::kSvm;
  if (file.tensors.size() != (svm ? 3 : 2)) {
    refuse(name, std::to_string(file.tensors.size()) + " tensors, expected " +
                     (svm ? "`coef`, `intercept` and `sigmoid` alone" : "`coef` and `intercept` alone"));
  }
  model.c = parse_c(text(file, "C", name), name);
  std::vector<int64_t> shape;
  model.coef = doubles(file, "coef", 2, shape, name);
  model.classes = parse_classes(text(file, "classes", name), std::max<int64_t>(2, shape[0]), name);
  const auto k = static_cast<int64_t>(model.classes.size());
  const int64_t rows = score_columns(k);
  if (shape[0] != rows || shape[1] < 1) {
    refuse(name, "coef: shape " + shape_text(shape) + ", expected (" + std::to_string(rows) + ", D) for " +
                     std::to_string(k) + " classes");
  }
  model.columns = shape[1];
  model.intercept = doubles(file, "intercept", 1, shape, name);
  if (shape[0] != rows) {
    refuse(name, "intercept: shape " + shape_text(shape) + ", expected (" + std::to_string(rows) + ")");
  }
  if (svm) {
    const std::vector<double> sigmoids = doubles(file, "sigmoid", 2, shape, name);
    if (shape[0] != rows || shape[1] != 2) {
      refuse(name, "sigmoid: shape " + shape_text(shape) + ", expected (" + std::to_string(rows) + ", 2)");
    }
    for (size_t i = 0; i < sigmoids.size(); i += 2) model.sigmoids.push_back({sigmoids[i], sigmoids[i + 1]});
  }
}

}  // namespace

// std::map iterates in key order, so the sum does not depend on the order in the file.
std::string model_checksum(const SafetensorsView& file) {
  Checksum sum;
  sum.add(file.metadata.size() - file.metadata.count(kChecksumKey));
  for (const auto& [key, value] : file.metadata) {
    if (key == kChecksumKey) continue;
    sum.add(key);
    sum.add(value);
  }
  for (const auto& [tensor, view] : file.tensors) {
    sum.add(tensor);
    sum.add(view.dtype);
    sum.add(view.shape.size());
    for (const int64_t dimension : view.shape) sum.add(static_cast<uint64_t>(dimension));
    sum.add(view.bytes);
  }
  return sum.text();
}

Classifier parse_model(std::span<const std::byte> bytes, const std::string& name) {
  refuse_other_kinds(bytes, name);
  const SafetensorsView file = parse_safetensors(bytes, name);
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != kModelFormat) {
    const std::string found = format == file.metadata.end() ? "no format" : "format " + printable(format->second);
    refuse(name, found + ", expected " + std::string(kModelFormat) + "; expected a model made by vgg16 train");
  }
  // Before the content is interpreted: otherwise a flipped bit could be reported as something else.
  require_checksum(file, name);
  Classifier model;
  model.name = name;
  model.kind = parse_kind(file, name);
  if (model.kind == ClassifierKind::kForest) {
    const std::string& classes = text(file, "classes", name);
    model.classes = parse_classes(classes, std::ssize(classes), name);  // as many as the header has room for
    model.forest = read_forest(file, model.classes.size(), name);
    model.columns = std::ssize(model.forest.importance);
  } else {
    parse_linear(file, name, model);
  }
  for (const auto& [key, value] : file.metadata) {
    const auto field = std::find_if(kRecipeFields.begin(), kRecipeFields.end(),
                                    [&wanted = key](const RecipeField& f) { return wanted == f.model_key; });
    if (field != kRecipeFields.end()) {
      model.recipe.*(field->value) = value;
    } else if (key != "format" && key != "classes" && key != "C" && key != kClassifierKey && key != kChecksumKey) {
      model.metadata.emplace(key, value);
    }
  }
  return model;
}

Classifier Classifier::load(const std::filesystem::path& path) {
  const StandardFloatingPoint mode;
  const PosixFile file = open_regular_file(path);
  // Check the kind before reading the whole file, which may be huge.
  std::vector<std::byte> start(std::min(kFileKindBytes, static_cast<size_t>(file.status().st_size)));
  file.read_at(0, start);
  refuse_other_kinds(start, file.name());
  return parse_model(read_whole(file, kMaxModelBytes), file.name());
}

void Classifier::save(const std::filesystem::path& path, ClassifierSaveOptions options) const {
  const StandardFloatingPoint mode;
  const auto rows = static_cast<int64_t>(intercept.size());
  SafetensorsView file;
  std::vector<double> of_sigmoids;
  for (const Sigmoid& sigmoid : sigmoids) of_sigmoids.insert(of_sigmoids.end(), {sigmoid.a, sigmoid.b});
  const ForestTensors of_forest(forest);
  if (kind == ClassifierKind::kForest) {
    file.tensors = of_forest.views();
  } else {
    file.tensors = {{"coef", {"F64", {rows, columns}, bytes_of(coef)}},
                    {"intercept", {"F64", {rows}, bytes_of(intercept)}}};
    file.metadata["C"] = Json(c).dump();
  }
  if (kind == ClassifierKind::kSvm) file.tensors["sigmoid"] = {"F64", {rows, 2}, bytes_of(of_sigmoids)};
  if (kind != ClassifierKind::kLogistic) file.metadata[kClassifierKey] = classifier_name(kind);
  for (const auto& [key, value] : metadata) file.metadata[as_stored(key)] = as_stored(value);
  for (const RecipeField& field : kRecipeFields) file.metadata[field.model_key] = as_stored(recipe.*field.value);
  std::vector<std::string> names = classes;
  escape_unless_utf8(names);
  file.metadata["format"] = kModelFormat;
  file.metadata["classes"] = Json(names).dump();
  file.metadata[kChecksumKey] = model_checksum(file);
  std::vector<TensorToWrite> tensors;
  for (const auto& [tensor, view] : file.tensors) tensors.push_back({tensor, view.dtype, view.shape, view.bytes});
  write_safetensors(path, tensors, file.metadata, options.overwrite);
}

std::string cv_json(const Report& report) {
  auto list = OrderedJson::array();
  for (const Candidate& c : report.candidates) {
    const bool forest = c.trees > 0;
    OrderedJson candidate =
        forest ? OrderedJson{{"trees", c.trees}, {"min_leaf", c.min_leaf}} : OrderedJson{{"c", c.c}};
    candidate.update({{"mean", c.mean},
                      {"std", c.deviation},
                      {"scores", c.fold_scores},
                      {"rank", c.rank},
                      {"log_loss", c.log_loss}});
    if (!forest) candidate.update({{"iterations", c.iterations}, {"relative_gap", c.relative_gap}});
    list.push_back(std::move(candidate));
  }
  return list.dump();
}

std::string fits_json(const Report& report) {
  auto list = OrderedJson::array();
  for (const FitCertificate& f : report.fits) {
    list.push_back({{"c", f.c},
                    {"fold", f.fold < 0 ? OrderedJson(nullptr) : OrderedJson(f.fold)},
                    {"objective", f.objective},
                    {"relative_gap", f.relative_gap},
                    {"gradient_norm", f.gradient_norm},
                    {"iterations", f.iterations},
                    {"stop_reason", f.stop_reason}});
  }
  return list.dump();
}

std::string class_weights_json(const Report& report) {
  auto weights = OrderedJson::object();
  for (size_t i = 0; i < report.classes.size(); ++i) weights[report.classes[i]] = report.class_weights[i];
  return weights.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string rows_json(std::span<const int64_t> rows) {
  return Json(std::vector<int64_t>(rows.begin(), rows.end())).dump();
}

}  // namespace vgg16
