#include "print_training.h"

#include <algorithm>
#include <cstdio>

#include "print.h"
#include "print_comparison.h"
#include "print_report.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr size_t kMaxConfusionClasses = 12;
/// Lines of a list of rows without --verbose.
constexpr size_t kMaxListed = 10;

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char line[256];
  std::snprintf(line, sizeof line, pattern, values...);
  return line;
}

bool is_forest(const Report& report) { return report.candidates[report.best].trees > 0; }

std::string tested_on_text(const Report& report, const TrainedOn& tables) {
  switch (report.tested_on) {
    case TestedOn::kHeldOut:
      return "tested on " + std::to_string(report.test_rows);
    case TestedOn::kTestTable:
      return "tested on the " + std::to_string(report.test_rows) + " of " + printable(tables.held_out.name);
    case TestedOn::kOutOfFold:
      break;
  }
  return "none held out\n"
         "scores are of out-of-fold predictions, of each row by the fit without its fold; " +
         std::string(is_forest(report) ? "the size" : "C") + " was chosen by the same";
}

std::string candidates_table(const Report& report, bool narrow) {
  // In eight characters; in full in the line about the best candidate.
  const std::string title(report.score == Score::kBalancedAccuracy ? "balanced" : score_name(report.score));
  const bool forest = is_forest(report);
  std::string text = forest ? "     trees  min leaf" : "         C";
  text += format("  %8s", title.c_str());
  if (!narrow) text += "  deviation  log loss  rank  per fold";
  text += "\n";
  for (const Candidate& candidate : report.candidates) {
    const bool best = &candidate == &report.candidates[report.best];
    text += forest ? format("%10d  %8d", candidate.trees, candidate.min_leaf)
                   : format("%10s", shortest(candidate.c).c_str());
    text += format("  %8.4f", candidate.mean);
    if (!narrow) {
      text += format("  %9.4f  %8.4f  %4d ", candidate.deviation, candidate.log_loss, candidate.rank);
      for (const double score : candidate.fold_scores) text += format(" %.4f", score);
    }
    text += best ? "  <- best\n" : "\n";
  }
  return text;
}

std::string candidates_text(const Report& report, size_t width) {
  std::string text = candidates_table(report, false);
  return widest_line(text) > width ? candidates_table(report, true) : text;
}

// Left out for many classes, or if lines would be wider than the screen: the JSON has the matrix.
std::string confusion_text(const Report& report, size_t width) {
  if (report.classes.size() > kMaxConfusionClasses) return "";
  const auto matrix = [&](int columns) {
    std::string text;
    for (size_t i = 0; i < report.confusion.size(); ++i) {
      for (const int64_t count : report.confusion[i]) {
        text += format(" %*lld", columns, static_cast<long long>(count));
      }
      text += "  " + printable(report.classes[i]) + "\n";
    }
    return text;
  };
  std::string text = matrix(6);
  if (widest_line(text) > width) text = matrix(3);
  if (widest_line(text) > width) return "";
  return "\nconfusion (rows: true class, columns: predicted, in the same order)\n" + text;
}

// One column per probability, or, if that is too wide, one line.
std::string refusals_text(const Report& report, size_t width) {
  std::string least = "\npredict --min-probability";
  std::string refused = "\nrows refused             ";
  std::string accuracy = "\naccuracy of the others   ";
  std::string lines = "\npredict --min-probability P refuses rows\n     P  refused  accuracy of the others\n";
  for (const Refusals& r : report.refusals) {
    const std::string p = shortest(r.min_probability);
    const auto count = static_cast<long long>(r.refused);
    const std::string right = r.answered == 0 ? "-" : format("%.4f", r.accuracy);
    least += format(" %6s", p.c_str());
    refused += format(" %6lld", count);
    accuracy += format(" %6s", right.c_str());
    lines += format("%6s  %7lld  %s\n", p.c_str(), count, right.c_str());
  }
  std::string text = least + refused + accuracy + "\n";
  return widest_line(text) > width ? lines : text;
}

// One line per fit, with its certificate.
std::string fits_text(const Report& report) {
  if (report.fits.empty()) return "";
  std::string text = "\n         C  fold  iterations  relative gap  objective        seconds  ended because\n";
  for (const FitCertificate& fit : report.fits) {
    text += format("%10s  %4s  %10d  %12.2e  %15.9g  %7.3f  %s\n", shortest(fit.c).c_str(),
                   fit.fold < 0 ? "all" : std::to_string(fit.fold).c_str(), fit.iterations, fit.relative_gap,
                   fit.objective, fit.seconds, fit.stop_reason.c_str());
  }
  return text;
}

// The path of a row's picture if the table has paths, otherwise the row's number.
std::string row_name(const FeatureTable& table, int64_t row) {
  return table.paths.empty() ? "row " + std::to_string(row) : printable(table.paths[static_cast<size_t>(row)]);
}

// A heading and the first of the lines, or all of them.
std::string list_text(const std::string& heading, const std::vector<std::string>& lines, bool all) {
  if (lines.empty()) return "";
  const size_t shown = all ? lines.size() : std::min(lines.size(), kMaxListed);
  std::string text = "\n" + heading + "\n";
  for (size_t i = 0; i < shown; ++i) text += "  " + lines[i] + "\n";
  if (shown < lines.size()) {
    text += "  and " + with_thousands(static_cast<int64_t>(lines.size() - shown)) + " more, with --verbose or --json\n";
  }
  return text;
}

std::string pairs_text(const std::string& heading, const std::vector<DuplicatePair>& pairs, const TrainedOn& tables,
                       bool all) {
  std::vector<std::string> lines;
  for (const DuplicatePair& pair : pairs) {
    lines.push_back(row_name(tables.held_out, pair.held_out_row) + "  " + row_name(tables.table, pair.training_row) +
                    "  " + fixed(pair.similarity, 4) + (pair.same_label ? "" : "  of another class"));
  }
  return list_text(heading, lines, all);
}

std::string duplicates_text(const Report& report, const TrainedOn& tables, bool all) {
  return pairs_text("the same picture among both test and training rows, which makes the scores above too high",
                    report.duplicates, tables, all) +
         pairs_text("very alike pictures among test and training rows; look whether they are one photograph",
                    report.look_alikes, tables, all);
}

std::string suspects_text(const Report& report, const TrainedOn& tables, bool all) {
  const auto name = [&](int64_t label) { return printable(report.classes[static_cast<size_t>(label)]); };
  std::vector<std::string> lines;
  for (const SuspectLabel& s : report.suspects) {
    lines.push_back(row_name(s.held_out ? tables.held_out : tables.table, s.row) + ": labelled " + name(s.label) + " " +
                    fixed(s.label_probability, 4) + ", predicted " + name(s.predicted) + " " +
                    fixed(s.predicted_probability, 4));
  }
  return list_text("labels that may be wrong, by fits that did not train on the row, the worst first", lines, all);
}

std::string wrong_text(const Report& report, const TrainedOn& tables, bool all) {
  std::vector<const HeldOutPrediction*> wrong;
  for (const HeldOutPrediction& p : report.predictions) {
    if (p.predicted != p.label) wrong.push_back(&p);
  }
  std::stable_sort(wrong.begin(), wrong.end(),
                   [](const auto* a, const auto* b) { return a->probability > b->probability; });
  std::vector<std::string> lines;
  for (const HeldOutPrediction* p : wrong) {
    lines.push_back(row_name(tables.held_out, p->row) + ": " +
                    printable(report.classes[static_cast<size_t>(p->predicted)]) + " " + fixed(p->probability, 4) +
                    ", should be " + printable(report.classes[static_cast<size_t>(p->label)]));
    if (!p->nearest.empty()) {
      lines.back() += "; most similar training row: " + row_name(tables.table, p->nearest[0].row);
    }
  }
  return list_text("wrong predictions, the surest first", lines, all);
}

nlohmann::ordered_json pairs_json(const std::vector<DuplicatePair>& pairs, const TrainedOn& tables) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const DuplicatePair& pair : pairs) {
    array.push_back({{"test", row_name(tables.held_out, pair.held_out_row)},
                     {"train", row_name(tables.table, pair.training_row)},
                     {"similarity", pair.similarity},
                     {"same_label", pair.same_label}});
  }
  return array;
}

}  // namespace

std::string training_text(const Report& report, const TrainedOn& tables, const TextOptions& options) {
  std::string text = candidates_text(report, options.width) + logistic_text(report);
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  const std::string by = report.score == Score::kAccuracy ? "" : " by " + std::string(score_name(report.score));
  const Candidate& best = report.candidates[report.best];
  text += is_forest(report) ? "\nbest forest" + by + ": " + std::to_string(best.trees) + " trees, at least " +
                                  std::to_string(best.min_leaf) + (best.min_leaf == 1 ? " row" : " rows") + " a leaf"
                            : "\nbest C" + by + ": " + shortest(best.c);
  text += ", fitted on " + std::to_string(report.train_rows) + " rows, " + tested_on_text(report, tables) + "\n\n";
  text += classification_report(report, options.width);
  text += format("\naccuracy %.4f, 95 %% interval %.4f to %.4f; log loss %.4f, calibration error %.4f\n",
                 report.accuracy, report.accuracy_low, report.accuracy_high, report.log_loss, report.calibration_error);
  if (is_forest(report)) text += forest_text(report);
  text += confusion_text(report, options.width) + refusals_text(report, options.width);
  text += duplicates_text(report, tables, options.verbose) + suspects_text(report, tables, options.verbose) +
          wrong_text(report, tables, options.verbose);
  if (options.verbose) text += fits_text(report);
  return wrapped(text, options.width);
}

nlohmann::ordered_json training_json(const TrainResult& result, const TrainedOn& tables) {
  using Json = nlohmann::ordered_json;
  const Report& report = result.report;
  const bool forest = is_forest(report);
  // The model file says the same of the search, but for the times.
  const Json cv = Json::parse(result.classifier.metadata.at("cv"));
  Json fits = Json::parse(result.classifier.metadata.at("fits"));
  for (size_t i = 0; i < report.fits.size(); ++i) fits[i]["seconds"] = report.fits[i].seconds;
  const auto score = [](const ClassScore& s) {
    return Json{
        {"class", s.name}, {"precision", s.precision}, {"recall", s.recall}, {"f1", s.f1}, {"support", s.support}};
  };
  Json per_class = Json::array();
  for (const ClassScore& s : report.per_class) per_class.push_back(score(s));
  Json predictions = Json::array();
  for (const HeldOutPrediction& p : report.predictions) {
    Json nearest = Json::array();
    for (const Neighbour& row : p.nearest) {
      nearest.push_back({{"row", row.row}, {"name", row_name(tables.table, row.row)}, {"similarity", row.similarity}});
    }
    predictions.push_back({{"row", p.row},
                           {"name", row_name(tables.held_out, p.row)},
                           {"label", report.classes[static_cast<size_t>(p.label)]},
                           {"predicted", report.classes[static_cast<size_t>(p.predicted)]},
                           {"probability", p.probability},
                           {"nearest", nearest}});
  }
  Json refusals = Json::array();
  for (const Refusals& r : report.refusals) {
    refusals.push_back({{"min_probability", r.min_probability},
                        {"refused", r.refused},
                        {"answered", r.answered},
                        {"accuracy", r.answered == 0 ? Json(nullptr) : Json(r.accuracy)}});
  }
  Json calibration = Json::array();
  for (const CalibrationBin& bin : report.calibration) {
    const bool any = bin.rows > 0;
    calibration.push_back({{"rows", bin.rows},
                           {"mean_probability", any ? Json(bin.mean_probability) : Json(nullptr)},
                           {"accuracy", any ? Json(bin.accuracy) : Json(nullptr)},
                           {"accuracy_interval", any ? Json({bin.accuracy_low, bin.accuracy_high}) : Json(nullptr)}});
  }
  const auto weights = result.classifier.metadata.find("class_weights");
  const Json class_weights = weights == result.classifier.metadata.end() ? Json(nullptr) : Json::parse(weights->second);
  Json suspects = Json::array();
  for (const SuspectLabel& s : report.suspects) {
    suspects.push_back({{"row", s.row},
                        {"name", row_name(s.held_out ? tables.held_out : tables.table, s.row)},
                        {"held_out", s.held_out},
                        {"label", report.classes[static_cast<size_t>(s.label)]},
                        {"label_probability", s.label_probability},
                        {"predicted", report.classes[static_cast<size_t>(s.predicted)]},
                        {"predicted_probability", s.predicted_probability}});
  }
  return {{"schema", 1},
          {"classifier", classifier_name(result.classifier.kind)},
          {"solver", forest ? Json(nullptr) : Json(solver_name(report.solver))},
          {"best_c", forest ? Json(nullptr) : Json(report.candidates[report.best].c)},
          {"best", cv[report.best]},
          {"logistic", logistic_json(report)},
          {"forest", forest ? forest_json(report) : Json(nullptr)},
          {"score", score_name(report.score)},
          {"class_weights", class_weights},
          {"cv", cv},
          {"accuracy", report.accuracy},
          {"accuracy_interval", {report.accuracy_low, report.accuracy_high}},
          {"log_loss", report.log_loss},
          {"calibration_error", report.calibration_error},
          {"calibration", calibration},
          {"per_class", per_class},
          {"confusion", report.confusion},
          {"classes", report.classes},
          {"train_rows", report.train_rows},
          {"test_rows", report.test_rows},
          {"tested_on", report.tested_on == TestedOn::kHeldOut     ? "held-out rows"
                        : report.tested_on == TestedOn::kTestTable ? "test file"
                                                                   : "out-of-fold predictions"},
          {"fits", fits},
          {"seconds",
           {{"read", report.read_seconds},
            {"inner_products", report.gram_seconds},
            {"search", report.search_seconds},
            {"refit", report.refit_seconds},
            {"comparison", report.comparison_seconds}}},
          {"predictions", predictions},
          {"refusals", refusals},
          {"duplicates", pairs_json(report.duplicates, tables)},
          {"look_alikes", pairs_json(report.look_alikes, tables)},
          {"suspects", suspects},
          {"notes", report.notes},
          {"warnings", report.warnings}};
}

}  // namespace vgg16
