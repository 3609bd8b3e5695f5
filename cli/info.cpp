// vgg16 info: describes a file; without a file, this build and machine.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "command.h"
#include "print.h"
#include "vgg16/build_info.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

struct InfoOptions {
  Common common;
  std::string file;
};

using Json = nlohmann::ordered_json;

constexpr const char* kWeightsSource = "Visual Geometry Group, University of Oxford; licence CC BY 4.0";

// As text, one "name: value" per line; nested values are printed as JSON.
void print(const Json& document, const Common& common) {
  if (common.json) {
    print_json(document);
    return;
  }
  for (const auto& [key, value] : document.items()) {
    if (key == "schema") continue;
    if (value.is_string()) {
      print_result(key + ": " + printable(value.get_ref<const std::string&>()));
    } else {
      std::fputs((key + ": ").c_str(), stdout);
      print_json(value);
    }
  }
}

void add_recipe(Json& document, const Recipe& recipe) {
  for (const auto& [name, value] : recipe_fields(recipe)) {
    document[std::string(name)] = value.empty() ? "not recorded" : value;
  }
}

Json describe_table(const FeatureTable& table) {
  std::vector<int64_t> per_class(table.label_names.size());
  for (const int64_t label : table.labels) ++per_class[static_cast<size_t>(label)];
  Json document = {{"schema", 1}, {"kind", "features"}, {"rows", table.rows}, {"columns", table.columns}};
  Json classes = Json::object();
  auto& counts = classes.get_ref<Json::object_t&>();  // appending is fast; ordered_json's operator[] searches linearly
  for (size_t i = 0; i < per_class.size(); ++i) counts.emplace_back(table.label_names[i], per_class[i]);
  document["classes"] = std::move(classes);
  add_recipe(document, table.recipe);
  return document;
}

Json describe_features(const std::string& file) {
  Json document = describe_table(open_feature_file(file));  // the table, which may be large, is freed here
  document["skipped"] = skipped_json(read_skipped(file));
  return document;
}

Json describe_model(const std::string& file) {
  const Classifier model = Classifier::load(file);
  Json document = {{"schema", 1},
                   {"kind", "model"},
                   {"classifier", classifier_name(model.kind)},
                   {"classes", model.classes},
                   {"columns", model.columns}};
  if (model.kind == ClassifierKind::kForest) {
    document["trees"] = model.forest.roots.size();
    document["nodes"] = model.forest.nodes.size();
  } else {
    document["C"] = model.c;
  }
  add_recipe(document, model.recipe);
  return document;
}

Json describe_weights(const Weights& weights) {
  return {{"schema", 1},
          {"kind", "weights"},
          {"dtype", weights.type() == WeightsType::kF16 ? "f16" : "f32"},
          {"parameters", 14'714'688},
          {"weights_sha256", weights.sha256()},
          {"source", kWeightsSource}};
}

// No GPU is not an error here: the reason is part of the answer.
void add_devices(Json& document) {
  document["cuda_devices"] = Json::array();
  try {
    document["cuda_devices"] = cuda_device_descriptions();
  } catch (const Error& error) {
    document["no_cuda_device"] = error.what();
  }
}

Json describe_build() {
  const BuildInfo info = build_info();
  Json document = {{"schema", 1},
                   {"version", info.version},
                   {"backends", info.backends},
                   {"instruction_sets", info.instruction_sets},
                   {"precisions", info.precisions},
                   {"instruction_set_of", Json::object()},
                   {"slow_precisions", info.slow_precisions},
                   {"processors", info.processors},
                   {"processors_allowed", info.processors_allowed},
                   {"hdf5", hdf5_library()},
                   {"built_in_weights_sha256", builtin_weights_digest()},
                   {"weights_source", kWeightsSource}};
  for (size_t i = 0; i < info.precisions.size(); ++i) {
    document["instruction_set_of"][std::string(info.precisions[i])] = info.precision_sets[i];
  }
  if (info.cpu_quota > 0) document["cpu_quota"] = info.cpu_quota;
  add_devices(document);
  return document;
}

// Up to `most` bytes of a regular file, from `at` on; empty for anything else, such as a pipe.
std::string part_of(const std::string& file, size_t most, uint64_t at = 0) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(file, unknown)) return {};
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  std::string start(most, '\0');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(stream.gcount()));
  return start;
}

// The start of the HDF5 file in a file: at its start or behind a user block, whose size is a power of two from 512 on;
// empty if there is none.
std::string start_of_hdf5(const std::string& file, size_t most) {
  std::string text = part_of(file, most);
  if (text.starts_with("MATLAB")) return {};
  for (uint64_t at = 512; !text.empty(); at *= 2) {
    if (text.starts_with("\x89HDF\r\n\x1A\n")) return text;
    text = part_of(file, most, at);
  }
  return {};
}

// Models and weights may both be safetensors files, features and weights both HDF5 files, so the kind is recognised by
// the names in the header. In HDF5 files they are within the first 64 KB; a safetensors header is read completely,
// because a model's metadata, which lists rows, comes before the names of its tensors.
Json describe_file(const std::string& file) {
  constexpr size_t kLengthBytes = 8;
  // The header's length comes from the file, so it is limited before memory is taken.
  constexpr uint64_t kMaxHeaderBytes = 16 << 20;  // as engine/safetensors/safetensors.cpp, which refuses longer ones
  std::string text = start_of_hdf5(file, 1 << 16);
  const bool hdf5 = !text.empty();
  if (!hdf5) text = part_of(file, kLengthBytes);
  if (!hdf5 && text.size() == kLengthBytes) {
    uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, text.data(), kLengthBytes);
    text = part_of(file, kLengthBytes + static_cast<size_t>(std::min(header_bytes, kMaxHeaderBytes)));
  }
  const auto names = [&](std::string_view name) { return text.find(name) != std::string_view::npos; };
  if (hdf5) {
    const bool keras = names("block1_conv1") && !names("label_names");
    return keras ? describe_weights(*Weights::load(file)) : describe_features(file);
  }
  return names("\"coef\"") || names("\"intercept\"") || names("\"roots\"") ? describe_model(file)
                                                                           : describe_weights(*Weights::load(file));
}

}  // namespace

Command add_info(CLI::App& program) {
  auto o = std::make_shared<InfoOptions>();
  CLI::App* app = add_command(program, "info", "Describe a file; without a file, this build and its devices",
                              "vgg16 info animals.h5", o->common);
  app->add_option("FILE", o->file, "Features, model or weights file")->type_name("");
  return {app, [o] {
            print(o->file.empty() ? describe_build() : describe_file(o->file), o->common);
            return static_cast<int>(kDone);
          }};
}

}  // namespace vgg16
