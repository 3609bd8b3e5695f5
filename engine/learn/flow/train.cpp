#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "learn/flow/audit.h"
#include "learn/flow/importance.h"
#include "learn/flow/metrics.h"
#include "learn/flow/model_file.h"
#include "learn/flow/plan.h"
#include "learn/flow/search.h"
#include "learn/flow/suspects.h"
#include "learn/flow/test_table.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

/// If the objectives at the smallest and the largest C differ by less than this factor, the penalty makes nearly all of
/// both, and the SVMs are the same.
constexpr double kSameObjective = 1.001;

std::string name_of(const FitCertificate& f) {
  return (f.fold < 0 ? "the fit on all training rows" : "the fit without fold " + std::to_string(f.fold)) +
         " at C = " + shortest(f.c);
}

// Why and when a fit stopped, for warnings.
std::string end_of(const FitCertificate& f) {
  return f.stop_reason + " after " + std::to_string(f.iterations) + " iterations";
}

/// Removes the values of C for which a fit failed from the report, with a warning for each. Throws Error{kRefused} if
/// the final fit's C is one of them, or if the model is not finite.
void leave_out_failed(const std::string& name, const Trained& trained, Report& report) {
  const double best = report.candidates[report.best].c;
  std::vector<double> left_out;
  const auto is_left_out = [&](const auto& of) {
    return std::find(left_out.begin(), left_out.end(), of.c) != left_out.end();
  };
  const std::string remedy = "; choose a smaller C, or scale the features";
  for (const FitCertificate& f : report.fits) {
    if (!failed(f) || is_left_out(f)) continue;
    const std::string failure = name_of(f) + " failed: " + end_of(f);
    require(f.c != best, ErrorCode::kRefused, name + ": " + failure + remedy);
    report.warnings.push_back(failure + "; this C is left out");
    left_out.push_back(f.c);
  }
  // Finite fits can still overflow when their coefficients are computed from the rows.
  const Eigen::Map<const Eigen::ArrayXd> coef(trained.coef.data(), std::ssize(trained.coef));
  require(coef.allFinite() && trained.intercept.allFinite() && std::isfinite(report.log_loss), ErrorCode::kRefused,
          name + ": " + name_of(report.fits.back()) + " gives numbers that are not finite" + remedy);
  std::erase_if(report.candidates, is_left_out);
  std::erase_if(report.fits, is_left_out);
  const auto chosen = std::find_if(report.candidates.begin(), report.candidates.end(),
                                   [&](const Candidate& candidate) { return candidate.c == best; });
  report.best = static_cast<size_t>(chosen - report.candidates.begin());
}

// A fit that misses the wanted gap is still a good model, so it is reported and kept.
void add_search_warnings(const TrainOptions& options, Report& report) {
  for (const FitCertificate& f : report.fits) {
    if (f.relative_gap <= options.relative_gap) continue;
    report.warnings.push_back(name_of(f) + " is proven only to within " + shortest(f.relative_gap) +
                              " of the optimum, relative (wanted " + shortest(options.relative_gap) +
                              "): " + end_of(f));
  }
}

/// The row of the plan's table that the report numbers as row 0 of the held-out rows: those of a test table follow the
/// training rows.
int64_t first_test_row(const Report& report) {
  return report.tested_on == TestedOn::kTestTable ? report.train_rows : 0;
}

/// With a large C no row may be inside the margin, and the optimum does not depend on C any more.
void add_hard_margin_note(Report& report) {
  std::map<double, double> objective;  // of all folds together, by C
  for (const FitCertificate& f : report.fits) {
    if (f.fold >= 0) objective[f.c] += f.objective;
  }
  if (objective.size() < 2) return;
  const auto [least, first] = *objective.begin();
  const auto [most, last] = *objective.rbegin();
  if (!(last <= kSameObjective * first)) return;
  report.notes.push_back("the SVM is the same for every C from " + shortest(least) + " to " + shortest(most) +
                         ": hardly a row is inside its margin (hard margin); smaller values of C make a difference");
}

/// Sets the part of the report that is about the rows of report.tested_on.
void report_predictions(const Plan& plan, const Trained& trained, Report& report) {
  const bool out_of_fold = report.tested_on == TestedOn::kOutOfFold;
  const Eigen::MatrixXd& scores = out_of_fold ? trained.out_of_fold_scores : trained.test_scores;
  const size_t first = out_of_fold ? 0 : static_cast<size_t>(plan.rows.train_rows());
  const std::span<const int> labels = std::span(plan.rows.labels).subspan(first);
  const std::vector<int> predicted = predicted_classes(scores);
  const Eigen::MatrixXd probability = probabilities(scores);
  for (size_t i = 0; i < predicted.size(); ++i) {
    report.predictions.push_back({plan.order[first + i] - first_test_row(report),
                                  labels[i],
                                  predicted[i],
                                  probability(static_cast<Eigen::Index>(i), predicted[i]),
                                  {}});
  }
  report.log_loss = mean_log_loss(scores, labels);
  score_predictions(labels, predicted, report);
  report.calibration = calibration_bins(report.predictions);
  report.calibration_error = calibration_error(report.calibration);
  report.refusals = count_refusals(report.predictions);
}

/// Training rows by the scores out of fold, held-out rows by those of the final fit.
void report_suspects(const Plan& plan, const Trained& trained, Report& report) {
  const auto train_rows = static_cast<Eigen::Index>(report.train_rows);
  Eigen::MatrixXd scores(std::ssize(plan.order), trained.out_of_fold_scores.cols());
  scores.topRows(train_rows) = trained.out_of_fold_scores;
  scores.bottomRows(trained.test_scores.rows()) = trained.test_scores;
  const Eigen::MatrixXd probability = probabilities(scores);
  for (const int64_t position : suspect_rows(probability, plan.rows.labels)) {
    const int label = plan.rows.labels[static_cast<size_t>(position)];
    Eigen::Index predicted = 0;
    const double highest = probability.row(position).maxCoeff(&predicted);
    const bool held_out = position >= train_rows;
    const int64_t first_row = held_out ? first_test_row(report) : 0;
    report.suspects.push_back({plan.order[static_cast<size_t>(position)] - first_row, held_out, label,
                               probability(position, label), predicted, highest});
  }
}

Classifier make_classifier(const FeatureTable& table, const Plan& plan, const TrainOptions& options,
                           const Report& report, Trained& trained) {
  Classifier model;
  model.kind = options.classifier;
  model.sigmoids = std::move(trained.sigmoids);
  model.classes = plan.classes;
  model.columns = table.columns;
  model.coef = std::move(trained.coef);
  model.intercept.assign(trained.intercept.data(), trained.intercept.data() + trained.intercept.size());
  model.c = report.candidates[report.best].c;
  model.recipe = table.recipe;
  model.metadata["program_version"] = VGG16_VERSION;
  model.metadata["cv"] = cv_json(report);
  model.metadata["fits"] = fits_json(report);
  if (model.kind == ClassifierKind::kForest) {
    model.forest = std::move(trained.forest);
    model.metadata["min_leaf"] = std::to_string(report.candidates[report.best].min_leaf);
    model.metadata["seed"] = std::to_string(options.seed);
    model.metadata["out_of_bag_accuracy"] = shortest(report.out_of_bag_accuracy);
  }
  if (options.score != Score::kAccuracy) model.metadata["score"] = score_name(options.score);
  if (!report.class_weights.empty()) model.metadata["class_weights"] = class_weights_json(report);
  if (options.solver != Solver::kAuto) model.metadata["solver"] = solver_name(options.solver);
  // Without the held-out rows' numbers nobody could repeat the test of a stratified split.
  std::span<const int64_t> held_out;
  if (report.tested_on == TestedOn::kHeldOut) {
    model.metadata["split"] = options.split == Split::kTail ? "tail" : "stratified";
    if (options.split == Split::kStratified) model.metadata["split_seed"] = std::to_string(options.seed);
    held_out = std::span(plan.order).subspan(static_cast<size_t>(plan.rows.train_rows()));
  } else {
    model.metadata["split"] = report.tested_on == TestedOn::kTestTable ? "file" : "none";
  }
  model.metadata["held_out_rows"] = rows_json(held_out);
  return model;
}

/// If `test_rows` is given, the last rows of the table are those of a test table.
TrainResult train_and_test(const FeatureTable& table, std::optional<int64_t> test_rows, const TrainOptions& options,
                           const TrainProgress& progress) {
  TrainResult result;
  Report& report = result.report;
  const Plan plan = make_plan(table, options, report.warnings, test_rows);
  ThreadPool pool(std::max(options.threads, 0));
  const TrainEstimate estimate = choose_route(table, plan, options, pool.size(), available_memory_bytes());
  const RouteInput input = {table, plan, options, estimate, best_sparse_products(), pool, progress};
  report.train_rows = plan.rows.train_rows();
  report.test_rows = plan.rows.test.count;
  report.tested_on = test_rows               ? TestedOn::kTestTable
                     : report.test_rows == 0 ? TestedOn::kOutOfFold
                                             : TestedOn::kHeldOut;
  report.columns = table.columns;
  report.classes = plan.classes;
  report.estimate = estimate;
  report.score = options.score;
  report.solver = input.solver();
  report.class_weights = input.class_weights(-1);

  const AuditedRows audited = {report.train_rows, plan.order, plan.rows.labels};
  const std::optional<LikenessLimits> likeness = likeness_limits(table.recipe);
  // The audit needs the Gram matrix, which is freed when the training returns; hence the callback.
  const AuditWith audit_with = [&](const GramMatrix& k, const Trained& so_far) {
    report_predictions(plan, so_far, report);
    if (report.test_rows > 0) audit(k, audited, likeness, pool, report);
  };
  const bool forest = options.classifier == ClassifierKind::kForest;
  Trained trained = forest                           ? train_forest(input, audit_with)
                    : estimate.route == Route::kDual ? train_dual(input, audit_with)
                                                     : train_primal(input);
  if (estimate.route == Route::kPrimal) {
    report_predictions(plan, trained, report);
    if (report.test_rows > 0) {
      const bool has_files = !table.files.empty();
      if (has_files) find_same_files(table.files, audited, report);
      report.notes.push_back(std::string("held-out pictures were ") +
                             (has_files ? "only compared by their files" : "not compared") +
                             " with training pictures: in passes over the rows there are no inner products");
    }
  } else if (report.test_rows > 0 && !likeness) {
    report.notes.push_back(
        "held-out pictures were not compared with training pictures: how near the rows of one picture are is known for "
        "features of this program only");
  }
  report.candidates = std::move(trained.candidates);
  report.best = trained.best;
  report.fits = std::move(trained.fits);
  report.read_seconds = trained.read_seconds;
  report.gram_seconds = trained.gram_seconds;
  report.search_seconds = trained.search_seconds;
  report.refit_seconds = trained.refit_seconds;
  report.comparison_seconds = trained.comparison_seconds;
  report.logistic = std::move(trained.logistic);
  report.out_of_bag_rows = trained.out_of_bag_rows;
  report.out_of_bag_accuracy = trained.out_of_bag_accuracy;
  report.importance = importance_by_place(trained.forest.importance, table.recipe);
  // After the routes: a failed fit at one C must not stop the others.
  if (!forest) leave_out_failed(table.name, trained, report);
  const std::vector<std::string> notes = search_notes(report.candidates, report.best, report.score);
  report.notes.insert(report.notes.begin(), notes.begin(), notes.end());
  if (options.classifier == ClassifierKind::kSvm) add_hard_margin_note(report);
  add_search_warnings(options, report);
  report_suspects(plan, trained, report);
  result.classifier = make_classifier(table, plan, options, report, trained);
  return result;
}

}  // namespace

TrainResult train(const FeatureTable& table, const TrainOptions& options, const TrainProgress& progress) {
  const StandardFloatingPoint mode;
  check_options(options);
  return train_and_test(table, {}, options, progress);
}

TrainResult train(const FeatureTable& table, const FeatureTable& test, const TrainOptions& options,
                  const TrainProgress& progress) {
  const StandardFloatingPoint mode;
  check_options(options);
  return train_and_test(with_test_rows(table, test), test.rows, options, progress);
}

}  // namespace vgg16
