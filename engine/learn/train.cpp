#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "learn/audit.h"
#include "learn/metrics.h"
#include "learn/model_file.h"
#include "learn/plan.h"
#include "learn/search.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

void add_search_warnings(const TrainOptions& options, Report& report) {
  for (const FitCertificate& f : report.fits) {
    if (f.relative_gap <= options.relative_gap) continue;
    const std::string where =
        f.fold < 0 ? "the fit on all training rows" : "the fit without fold " + std::to_string(f.fold);
    report.warnings.push_back(where + " at C = " + shortest(f.c) + " is proven only to " + shortest(f.relative_gap) +
                              " of the optimum (asked for " + shortest(options.relative_gap) + "): " + f.stop_reason +
                              " after " + std::to_string(f.iterations) + " iterations");
  }
}

/// The held-out rows' part of the report.
void report_predictions(const Plan& plan, const Eigen::MatrixXd& scores, Report& report) {
  const auto train_rows = static_cast<size_t>(plan.rows.train_rows());
  const std::span<const int> labels = std::span(plan.rows.labels).subspan(train_rows);
  const std::vector<int> predicted = predicted_classes(scores);
  const Eigen::MatrixXd probability = probabilities(scores);
  for (size_t i = 0; i < predicted.size(); ++i) {
    report.predictions.push_back({plan.order[train_rows + i],
                                  labels[i],
                                  predicted[i],
                                  probability(static_cast<Eigen::Index>(i), predicted[i]),
                                  {}});
  }
  report.log_loss = mean_log_loss(scores, labels);
  score_predictions(labels, predicted, report);
  report.calibration_error = calibration_error(report.predictions);
}

Classifier make_classifier(const FeatureTable& table, const Plan& plan, const TrainOptions& options,
                           const Report& report, Trained& trained) {
  Classifier model;
  model.classes = plan.classes;
  model.columns = table.columns;
  model.coef = std::move(trained.coef);
  model.intercept.assign(trained.intercept.data(), trained.intercept.data() + trained.intercept.size());
  model.c = report.candidates[report.best].c;
  model.recipe = table.recipe;
  model.metadata["program_version"] = VGG16_VERSION;
  model.metadata["scores"] = scores_json(report);
  model.metadata["certificates"] = certificates_json(report);
  model.metadata["split"] = options.split == Split::kTail ? "tail" : "stratified";
  if (options.split == Split::kStratified) model.metadata["split_seed"] = std::to_string(options.seed);
  const auto train_rows = static_cast<size_t>(plan.rows.train_rows());
  model.metadata["test_rows"] = rows_json(std::span(plan.order).subspan(train_rows));
  return model;
}

}  // namespace

TrainResult train(const FeatureTable& table, const TrainOptions& options, const TrainProgress& progress) {
  const StandardFloatingPoint mode;
  check_options(options);
  TrainResult result;
  Report& report = result.report;
  const Plan plan = make_plan(table, options, report.warnings);
  ThreadPool pool(std::max(options.threads, 0));
  const TrainEstimate estimate = choose_route(table, plan, options, pool.size(), available_memory_bytes());
  const RouteInput input = {table, plan, options, estimate, best_products(), pool, progress};
  report.train_rows = plan.rows.train_rows();
  report.test_rows = plan.rows.test.count;
  report.columns = table.columns;
  report.classes = plan.classes;
  report.estimate = estimate;

  Trained trained;
  if (estimate.route == Route::kGram) {
    trained = train_by_gram(input, [&](const GramMatrix& k, const Trained& so_far) {
      report_predictions(plan, so_far.test_scores, report);
      audit(k, report.train_rows, plan.order, plan.rows.labels, pool, report);
    });
  } else {
    trained = train_directly(input);
    report_predictions(plan, trained.test_scores, report);
    report.notes.push_back(
        "held-out pictures were not compared with training pictures: the direct route has no inner products");
  }
  report.candidates = std::move(trained.candidates);
  report.best = trained.best;
  report.fits = std::move(trained.fits);
  report.read_seconds = trained.read_seconds;
  report.gram_seconds = trained.gram_seconds;
  report.search_seconds = trained.search_seconds;
  report.refit_seconds = trained.refit_seconds;
  const std::vector<std::string> notes = search_notes(report.candidates, report.best);
  report.notes.insert(report.notes.begin(), notes.begin(), notes.end());
  add_search_warnings(options, report);
  result.classifier = make_classifier(table, plan, options, report, trained);
  return result;
}

}  // namespace vgg16
