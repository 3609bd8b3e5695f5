// vgg16 predict: labels and probabilities for new pictures.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "command.h"
#include "csv.h"
#include "path_list.h"
#include "print.h"
#include "progress.h"
#include "values.h"
#include "vgg16/build_info.h"
#include "vgg16/classifier.h"
#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vgg16/names.h"
#include "vgg16/predictor.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

struct PredictCommand {
  Common common;
  std::string weights;
  std::string model;
  std::vector<std::string> pictures;
  std::vector<std::string> features;
  FeatureFileOptions reading;
  bool separated_by_nul = false;
  int top = 3;
  double min_probability = 0;
  PredictorOptions options;
};

struct Ranked {
  size_t label;
  double probability;
};

std::vector<Ranked> rank(std::span<const double> probabilities, size_t top) {
  std::vector<Ranked> ranked;
  for (size_t label = 0; label < probabilities.size(); ++label) ranked.push_back({label, probabilities[label]});
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Ranked& a, const Ranked& b) { return a.probability > b.probability; });
  ranked.resize(std::min(top, ranked.size()));
  return ranked;
}

/// One result: as JSON the members of `subject`, the schema and a path or row, and the classes; as text `name`, which
/// is printable, and the classes; as CSV `name`, the first class and no error. If the highest probability is below
/// o.min_probability, the label is null in JSON and empty in CSV. In text `-` comes first, without a number, which
/// distinguishes it from a class of that name.
void print_prediction(const nlohmann::ordered_json& subject, const std::string& name, const Classifier& model,
                      const std::vector<Ranked>& top, const PredictCommand& o) {
  using Json = nlohmann::ordered_json;
  const bool refused = top[0].probability < o.min_probability;
  if (o.common.json) {
    Json list = Json::array();
    for (const auto& [label, probability] : top)
      list.push_back({{"label", model.classes[label]}, {"probability", probability}});
    Json document = subject;
    document.update({{"label", refused ? Json(nullptr) : Json(model.classes[top[0].label])},
                     {"probability", top[0].probability},
                     {"top", list}});
    print_json(document);
    return;
  }
  if (o.common.csv) {
    const std::string label = refused ? "" : printable(model.classes[top[0].label]);
    print_result(csv_line({name, label, shortest(top[0].probability), ""}));
    return;
  }
  std::string line = name + (refused ? ": -, " : ": ");
  for (size_t i = 0; i < top.size(); ++i) {
    line += (i == 0 ? "" : ", ") + printable(model.classes[top[i].label]) + " " + fixed(top[i].probability, 4);
  }
  print_result(line);
}

/// To be called once the model is read, before the first answer.
void print_header(const PredictCommand& o) {
  if (!o.common.csv) return;
  print_result(csv_line({"path", "label", "probability", "error"}));
  flush_output();  // it may be waited for before the first path of a list is written
}

/// The answer for what cannot be classified, which JSON and CSV have a place for; `reason` also goes to standard error.
void print_failure(nlohmann::ordered_json subject, const std::string& name, const std::string& reason,
                   const PredictCommand& o) {
  subject["error"] = reason;
  if (o.common.json) print_json(subject);
  if (o.common.csv) print_result(csv_line({name, "", "", reason}));
}

// On a terminal, answers show how far the work is.
bool answers_are_seen() { return ::isatty(STDOUT_FILENO) == 1; }

// Rows of features instead of pictures, which may be of any origin.
int predict_features(const PredictCommand& o) {
  const Classifier model = Classifier::load(o.model);
  const std::vector<fs::path> files(o.features.begin(), o.features.end());
  FeatureFileOptions reading = o.reading;
  reading.needs_labels = false;
  const FeatureTable table = open_feature_files(files, reading);
  if (table.recipe.weights_sha256.empty() && !model.recipe.weights_sha256.empty()) {
    print_warning(table.name + " does not record how its rows were made; they are taken for rows like the model's",
                  o.common);
  }
  // What a result begins with in JSON, and in text.
  const auto subject = [&](int64_t row) {
    nlohmann::ordered_json members = {{"schema", 1}, {"row", row}};
    if (table.paths.empty()) return std::pair(members, "row " + std::to_string(row));
    const std::string& path = table.paths[static_cast<size_t>(row)];
    members["path"] = path;
    return std::pair(members, printable(path));
  };
  print_header(o);
  bool all_good = true;
  constexpr int64_t kMany = 1000;
  std::optional<Progress> progress;
  if (table.rows > kMany && !answers_are_seen()) progress.emplace("predict", "rows", o.common);
  PredictCallbacks callbacks;
  callbacks.predicted = [&](int64_t row, std::span<const double> probabilities) {
    const auto [members, name] = subject(row);
    print_prediction(members, name, model, rank(probabilities, static_cast<size_t>(o.top)), o);
    flush_output();
    if (progress) progress->update(row + 1, table.rows);
  };
  callbacks.skipped = [&](int64_t row, const std::string& reason) {
    if (progress) progress->clear();
    all_good = false;
    const auto [members, name] = subject(row);
    print_failure(members, name, reason, o);
    print_error(table.name + ": " + name + ": " + reason);
  };
  predict_rows(model, table, callbacks);
  return all_good ? kDone : kSkippedTooMany;
}

/// Prints one answer for each picture, in groups as the pictures become known.
class PictureAnswers {
 public:
  explicit PictureAnswers(const PredictCommand& o)
      : o_(o),
        has_list_(std::find(o.pictures.begin(), o.pictures.end(), "-") != o.pictures.end()),
        model_(Classifier::load(o.model)),
        weights_(load_weights(o.weights)) {
    print_header(o);
  }

  // Appends the pictures of a folder to `pictures`.
  void expand_folder(const fs::path& folder, std::vector<fs::path>& pictures) {
    const int threads = o_.options.network.threads;
    const PictureListing found = list_pictures(folder, threads > 0 ? threads : build_info().processors);
    for (const auto* skipped : {&found.unlisted, &found.others}) {
      for (const auto& [path, reason] : *skipped) skip(folder / unescape_name(path), reason);
    }
    if (!found.links.empty()) {
      const auto& [path, reason] = found.links[0];
      const auto more = std::ssize(found.links) - 1;
      print_warning(printable_path(folder / unescape_name(path)) + ": " + reason +
                        (more > 0 ? "; " + counted(more, "more link", "more links") + " of this folder, too" : ""),
                    o_.common);
    }
    for (const std::string& path : found.paths) pictures.push_back(folder / unescape_name(path));
  }

  void answer(std::span<const fs::path> pictures) {
    if (!pictures.empty()) predict(pictures, [this](const fs::path& path, const auto& reason) { skip(path, reason); });
  }

  // Paths that are there already are taken together, several batches of them, so that pictures are decoded while the
  // network runs. Their answers come batch by batch. In text, a picture that cannot be used has one on standard output
  // as well: a program that wrote its path waits for a line.
  void answer(PathList list) {
    constexpr size_t kBatches = 16;
    make_predictor(0);  // before the first path comes, which is so answered sooner
    const size_t most = kBatches * static_cast<size_t>(o_.options.network.batch_size);
    for (auto paths = list.next(most); !paths.empty(); paths = list.next(most)) {
      predict(paths, [this](const fs::path& path, const std::string& reason) {
        skip(path, reason);
        if (!o_.common.json && !o_.common.csv) print_result(name_of(path) + ": -");
        flush_output();
      });
    }
  }

  [[nodiscard]] int status() const {
    require(any_, ErrorCode::kNotFound, "no pictures to predict in what was given");
    return all_read_ ? kDone : kSkippedTooMany;
  }

 private:
  static std::string name_of(const fs::path& path) { return path.empty() ? "\"\"" : printable_path(path); }

  void skip(const fs::path& path, const std::string& reason) {
    if (progress_) progress_->clear();
    any_ = true;
    all_read_ = false;
    print_failure({{"schema", 1}, {"path", escape_name(path.native())}}, name_of(path), reason, o_);
    print_error(name_of(path) + ": " + reason);
  }

  // For `pictures` in all, if there is no list.
  void make_predictor(size_t pictures) {
    if (predictor_) return;
    PredictorOptions options = o_.options;
    int& batch_size = options.network.batch_size;
    if (!has_list_) batch_size = static_cast<int>(std::min(static_cast<size_t>(batch_size), pictures));
    options.network.log = [this](const std::string& line) { print_note(line, o_.common); };
    options.warning = [this](const std::string& line) { print_warning(line, o_.common); };
    predictor_.emplace(std::move(model_), weights_, options);
  }

  template <class Skip>
  void predict(std::span<const fs::path> pictures, Skip skip) {
    make_predictor(pictures.size());
    const bool is_many = pictures.size() > static_cast<size_t>(o_.options.network.batch_size);
    if (is_many && !answers_are_seen() && !progress_) progress_.emplace("predict", "pictures", o_.common);
    PredictCallbacks callbacks;
    callbacks.predicted = [&](int64_t index, std::span<const double> probabilities) {
      any_ = true;
      ++answered_;
      const auto top = rank(probabilities, static_cast<size_t>(o_.top));
      const fs::path& path = pictures[static_cast<size_t>(index)];
      print_prediction({{"schema", 1}, {"path", escape_name(path.native())}}, name_of(path), predictor_->model(), top,
                       o_);
      flush_output();  // a reader of a pipe gets each line at once, and a closed pipe ends the work
    };
    callbacks.skipped = [&](int64_t index, const std::string& reason) {
      ++answered_;
      skip(pictures[static_cast<size_t>(index)], reason);
    };
    const int64_t total = has_list_ ? 0 : std::ssize(pictures);
    if (progress_) {
      progress_->update(answered_, total);
      callbacks.batch = [&](const ExtractTimes& so_far) {
        progress_->limited_by(limiting_stage(so_far));
        progress_->update(answered_, total);
      };
    }
    predictor_->predict_files(pictures, callbacks);
    if (progress_) progress_->clear();
  }

  const PredictCommand& o_;
  const bool has_list_;
  Classifier model_;  // until the predictor has it
  std::shared_ptr<const Weights> weights_;
  std::optional<Predictor> predictor_;
  std::optional<Progress> progress_;
  int64_t answered_ = 0;  // of the pictures that predict() was given
  bool any_ = false;
  bool all_read_ = true;
};

int predict_pictures(const PredictCommand& o) {
  PictureAnswers answers(o);
  std::vector<fs::path> pictures;
  for (const std::string& name : o.pictures) {
    std::error_code unknown;
    if (name == "-") {
      answers.answer(std::exchange(pictures, {}));
      answers.answer(PathList(STDIN_FILENO, o.separated_by_nul ? Separator::kNul : Separator::kFirst));
    } else if (fs::is_directory(name, unknown)) {
      answers.expand_folder(name, pictures);
    } else {
      pictures.emplace_back(name);
    }
  }
  answers.answer(pictures);
  return answers.status();
}

int predict(const PredictCommand& o) {
  require(!o.pictures.empty() || !o.features.empty(), ErrorCode::kInvalidArgument,
          "PICTURE is required, or --features; for example: vgg16 predict -m animals.model photo.jpg holiday/ "
          "(vgg16 predict --help lists the options)");
  require(o.pictures.empty() || o.features.empty(), ErrorCode::kInvalidArgument,
          "predict takes pictures or --features, not both");
  return o.features.empty() ? predict_pictures(o) : predict_features(o);
}

}  // namespace

Command add_predict(CLI::App& program) {
  auto o = std::make_shared<PredictCommand>();
  CLI::App* app = add_command(program, "predict", "Label new pictures with a trained model",
                              "vgg16 predict -m animals.model photo.jpg holiday/", o->common);
  app->add_option("-m,--model", o->model, "Model file")->required()->type_name("FILE");
  app->add_option(
         "PICTURE", o->pictures,
         "Pictures, folders, or - for a list of them\nThe list is read from standard input; each path in it is "
         "answered as it comes.")
      ->type_name("");
  CLI::Option* const features =
      app->add_option("--features", o->features, "Rows of features instead of pictures\nAs train -d reads them.")
          ->type_name("FILE");
  add_features_name(*app, o->reading);
  app->add_flag("-0,--null", o->separated_by_nul,
                "Paths of the list end with NUL, as by find -print0\nWithout this, the first line end or NUL decides.");
  app->add_option("--top", o->top, "Classes per picture, the most probable first")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 10'000));
  app->add_option("--min-probability", o->min_probability, "Below it, the label is -\nnull in JSON, empty in CSV.")
      ->type_name("P")
      ->capture_default_str()
      ->check(expects("a number from 0 to 1", [](const std::string& text) {
        const auto least = parse_number(text);
        return least && *least >= 0 && *least <= 1;
      }));
  add_format(*app, o->common, "csv has the columns path, label, probability and error.");
  add_network_options(*app, o->weights, o->options.network);
  add_threads(*app, o->options.network);
  // Rows are features already: nothing is left to compute.
  for (const char* of_pictures : {"--null", "--weights", "--device", "--precision", "--threads", "--batch-size"}) {
    features->excludes(app->get_option(of_pictures));
  }
  return {app, [o] { return predict(*o); }};
}

}  // namespace vgg16
