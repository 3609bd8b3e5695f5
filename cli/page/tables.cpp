// The parts of a page that are tables and charts.
#include <algorithm>
#include <set>

#include "charts.h"
#include "sections.h"
#include "vgg16/error.h"

namespace vgg16::page {
namespace {

/// A larger confusion matrix cannot be read; its largest cells are listed instead.
constexpr size_t kMaxMatrixClasses = 40;
constexpr size_t kMaxListedCells = 100;

std::vector<Html> cells(const std::vector<std::string>& words) {
  std::vector<Html> row;
  for (const std::string& each : words) row.push_back(text(each));
  return row;
}

/// The cells whose pictures are on the page.
std::set<std::string> cells_with_pictures(const PageContents& page) {
  std::set<std::string> ids;
  for (const auto* group : {&page.shown.mistakes, &page.shown.right}) {
    for (const Cell& cell : *group) {
      if (!cell.shown.empty()) ids.insert(cell.id());
    }
  }
  return ids;
}

/// The number of rows, which leads to their pictures. Read aloud, a link needs more than a number.
Html cell_content(const PageContents& page, const Cell& cell, bool has_pictures) {
  const Html number = text(std::to_string(cell.rows));
  if (!has_pictures) return number;
  return element("a",
                 {{"href", "#" + cell.id()},
                  {"aria-label", std::to_string(cell.rows) + ": " + page.class_name(cell.label) + ", predicted " +
                                     page.class_name(cell.predicted)}},
                 number);
}

/// From h1 to h5 by the share of the row; "h0" for none.
std::string heat(int64_t count, int64_t of) {
  return "h" + std::to_string(count == 0 ? 0 : 1 + std::min<int64_t>(4, 5 * count / of));
}

Html confusion_matrix(const PageContents& page) {
  const Report& report = page.report();
  const std::set<std::string> ids = cells_with_pictures(page);
  Html head = element("th", {{"scope", "col"}}, text("true \\ predicted"));
  for (const std::string& each : report.classes) {
    head += element("th", {{"scope", "col"}, {"class", "upright"}}, element("span", name(each)));
  }
  Html body;
  for (size_t i = 0; i < report.classes.size(); ++i) {
    Html row = element("th", {{"scope", "row"}}, name(report.classes[i]));
    for (size_t j = 0; j < report.classes.size(); ++j) {
      const Cell cell = {static_cast<int64_t>(i), static_cast<int64_t>(j), report.confusion[i][j], {}};
      const std::string kind = std::string(i == j ? "right " : "wrong ") + heat(cell.rows, report.per_class[i].support);
      row += element("td", {{"class", kind}}, cell_content(page, cell, ids.count(cell.id()) > 0));
    }
    body += element("tr", row);
  }
  const std::string caption = "Confusion matrix: rows are the true classes";
  return scrolling_box(
      caption, element("table", {{"class", "confusion"}},
                       element("caption", caption) + element("thead", element("tr", head)) + element("tbody", body)));
}

Html largest_confusions(const PageContents& page) {
  const std::set<std::string> ids = cells_with_pictures(page);
  Table table = {.caption = "The most frequent confusions", .columns = {"true", "predicted", "rows"}, .rows = {}};
  for (const Cell& cell : page.shown.mistakes) {
    if (table.rows.size() == kMaxListedCells) break;
    table.rows.push_back({name(page.class_name(cell.label)), name(page.class_name(cell.predicted)),
                          cell_content(page, cell, ids.count(cell.id()) > 0)});
  }
  return html_of(table);
}

std::vector<Html> score_row(const ClassScore& score) {
  return {name(score.name), text(digits(score.precision, 4)), text(digits(score.recall, 4)), text(digits(score.f1, 4)),
          text(std::to_string(score.support))};
}

std::vector<Html> candidate_row(const Report& report, const Candidate& c) {
  std::vector<Html> row;
  if (c.trees > 0) {
    row = cells({std::to_string(c.trees), std::to_string(c.min_leaf)});
  } else {
    row = cells({shortest(c.c)});
  }
  for (const double value : {c.mean, c.deviation, c.log_loss}) row.push_back(text(digits(value, 4)));
  const bool best = &c == &report.candidates[report.best];
  row.push_back(text(std::to_string(c.rank) + (best ? ", chosen" : "")));
  std::string folds;
  for (const double score : c.fold_scores) folds += (folds.empty() ? "" : " ") + digits(score, 4);
  row.push_back(text(folds));
  return row;
}

std::string split_words(const Training& training) {
  const auto& metadata = training.result.classifier.metadata;
  const std::string& split = metadata.at("split");
  if (split == "stratified") return "the same share of every class, drawn with seed " + metadata.at("split_seed");
  if (split == "tail") return "the last rows of the file";
  return split == "file" ? "a file of its own, " + training.held_out.name : "none; tested by the folds";
}

}  // namespace

Html classes_section(const PageContents& page) {
  const Report& report = page.report();
  Table scores = {.caption = "Scores of each class",
                  .columns = {"class", "precision", "recall", "F1", page.unit() == "row" ? "rows" : "pictures"},
                  .rows = {}};
  for (const ClassScore& score : report.per_class) scores.rows.push_back(score_row(score));
  for (const ClassScore* average : {&report.macro_average, &report.weighted_average}) {
    scores.rows.push_back(score_row(*average));
  }
  const Html matrix = report.classes.size() <= kMaxMatrixClasses ? confusion_matrix(page) : largest_confusions(page);
  return section(
      "classes", "Class by class",
      paragraph("Precision: of those predicted as the class, the share that is of it. Recall: of those of the "
                "class, the share that was found. F1: their harmonic mean. A number in the matrix leads to "
                "its " +
                std::string(page.unit()) + "s.") +
          element("div", {{"class", "beside"}}, matrix + html_of(scores)));
}

Html search_section(const PageContents& page) {
  const Report& report = page.report();
  const Candidate& best = report.candidates[report.best];
  const bool forest = best.trees > 0;
  Table table = {.caption = "All that were tried", .columns = {}, .rows = {}, .highlighted = report.best};
  table.columns = forest ? std::vector<std::string>{"trees", "rows a leaf"} : std::vector<std::string>{"C"};
  const std::string score(score_name(report.score));
  for (const std::string& title : {"mean " + score, std::string("deviation"), std::string("log loss"),
                                   std::string("rank"), std::string("folds")}) {
    table.columns.push_back(title);
  }
  for (const Candidate& c : report.candidates) table.rows.push_back(candidate_row(report, c));
  Html words = paragraph("Chosen by the " + score + " in " + std::to_string(best.fold_scores.size()) +
                         "-fold cross-validation on the training rows: " + candidate_name(best) + ". " +
                         (forest ? "" : "C is the inverse strength of the penalty on the coefficients. ") +
                         "In the chart, small dots are folds, and the line joins their means.");
  if (report.logistic) {
    words += paragraph("For comparison, logistic regression in the same folds: " + candidate_name(*report.logistic) +
                       ", mean " + score + " " + digits(report.logistic->mean, 4) + ".");
  }
  if (forest) words += paragraph("Accuracy out of bag: " + digits(report.out_of_bag_accuracy, 4) + ".");
  return section("search", forest ? "How its size was chosen" : "How C was chosen",
                 words + element("div", {{"class", "beside"}}, search_chart(report) + html_of(table)));
}

Html probabilities_section(const PageContents& page) {
  const Report& report = page.report();
  Table bins = {.caption = "Predictions by their probability",
                .columns = {"probability", "rows", "mean", "right", "95 % interval"},
                .rows = {}};
  for (size_t i = 0; i < report.calibration.size(); ++i) {
    const CalibrationBin& bin = report.calibration[i];
    if (bin.rows == 0) continue;
    const double width = 1.0 / static_cast<double>(report.calibration.size());
    const auto lower = static_cast<double>(i) * width;
    bins.rows.push_back(cells({digits(lower, 1) + " to " + digits(lower + width, 1), std::to_string(bin.rows),
                               digits(bin.mean_probability, 4), digits(bin.accuracy, 4),
                               digits(bin.accuracy_low, 4) + " to " + digits(bin.accuracy_high, 4)}));
  }
  Table refusals = {.caption = "If the less probable ones are not labelled: predict --min-probability",
                    .columns = {"least probability", "not labelled", "labelled", "accuracy of these"},
                    .rows = {}};
  for (const Refusals& r : report.refusals) {
    refusals.rows.push_back(cells({shortest(r.min_probability), std::to_string(r.refused), std::to_string(r.answered),
                                   r.answered == 0 ? "-" : digits(r.accuracy, 4)}));
  }
  return section(
      "probabilities", "Do its probabilities hold?",
      paragraph(
          "Of the predictions made with a probability of 0.9, nine in ten should be right: then a point is on the "
          "diagonal line. Above it, the classifier is better than it says; below, it is too sure of itself. The "
          "mean distance (expected calibration error) is " +
          digits(report.calibration_error, 4) + ", the log loss " + digits(report.log_loss, 4) + ".") +
          element("div", {{"class", "beside"}}, calibration_chart(report) + html_of(bins)) + html_of(refusals));
}

Html making_section(const PageContents& page, const std::string& command) {
  const Report& report = page.report();
  const Training& training = page.training;
  const Classifier& model = training.result.classifier;
  Table facts = {.caption = "All that decides the result", .columns = {"what", "value"}, .rows = {}};
  const auto add = [&](std::string_view what, const std::string& value) {
    facts.rows.push_back({text(what), element("span", {{"class", "path"}}, text(value))});
  };
  add("command", command);
  add("program", "vgg16 " + model.metadata.at("program_version"));
  add("classifier", std::string(classifier_name(model.kind)) + ", " + candidate_name(report.candidates[report.best]));
  if (model.kind == ClassifierKind::kLogistic) add("optimiser", std::string(solver_name(report.solver)));
  add("features", training.table.name);
  add("numbers per row", std::to_string(report.columns));
  add("training rows", std::to_string(report.train_rows));
  add("held out", count_of(report.test_rows, "row") + ": " + split_words(training));
  if (!report.class_weights.empty()) {
    std::string weights;
    for (size_t i = 0; i < report.classes.size(); ++i) {
      weights += (i == 0 ? "" : ", ") + report.classes[i] + " " + shortest(report.class_weights[i]);
    }
    add("class weights", weights);
  }
  for (const auto& [field, value] : recipe_fields(training.table.recipe)) {
    add("features: " + std::string(field), value.empty() ? "not recorded" : std::string(value));
  }
  return section("making", "How this was made", html_of(facts));
}

}  // namespace vgg16::page
