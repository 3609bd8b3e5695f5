#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "learn/gram.h"
#include "learn/metrics.h"
#include "learn/model_file.h"
#include "learn/rows.h"
#include "learn/search.h"
#include "learn/split.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// As a person would write it: 1e-06, 0.1, 10000.
std::string shortest(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

void check_options(const TrainOptions& options) {
  const auto check = [](bool good, const std::string& message) { require(good, ErrorCode::kInvalidArgument, message); };
  check(!options.c.empty(), "no value of C to try, expected at least one");
  for (const double c : options.c) {
    check(c > 0 && std::isfinite(c), "C is " + std::to_string(c) + ", expected a number above 0");
  }
  check(options.folds >= 2, "folds is " + std::to_string(options.folds) + ", expected at least 2");
  check(options.test_size > 0 && options.test_size < 1,
        "test size is " + std::to_string(options.test_size) + ", expected a share between 0 and 1");
  check(options.relative_gap > 0, "relative gap is not above 0");
  check(options.max_iterations > 0, "max iterations is not above 0");
  check(options.threads >= -1, "threads is " + std::to_string(options.threads) + ", expected 0 for all or a number");
}

/// The rows of a table in the order in which training wants them.
struct Plan {
  std::vector<std::string> classes;
  GroupedRows rows;
  std::vector<int64_t> order;  ///< row of the table at each position
};

Plan make_plan(const FeatureTable& table, const TrainOptions& options, std::vector<std::string>& warnings) {
  const std::string name = printable(table.name);
  const auto refuse = [&](const std::string& what) { throw Error(ErrorCode::kRefused, name + ": " + what); };
  if (static_cast<int64_t>(table.labels.size()) != table.rows) {
    refuse(std::to_string(table.labels.size()) + " labels for " + std::to_string(table.rows) + " rows");
  }
  const int64_t train_rows = tail_split(table.rows, options.test_size);
  std::vector<int64_t> in_all(table.label_names.size(), 0);
  std::vector<int64_t> in_training(table.label_names.size(), 0);
  for (int64_t r = 0; r < table.rows; ++r) {
    const int64_t label = table.labels[static_cast<size_t>(r)];
    if (label < 0 || label >= static_cast<int64_t>(in_all.size())) {
      refuse("row " + std::to_string(r) + " has label " + std::to_string(label) + ", expected 0 to " +
             std::to_string(static_cast<int64_t>(in_all.size()) - 1));
    }
    ++in_all[static_cast<size_t>(label)];
    if (r < train_rows) ++in_training[static_cast<size_t>(label)];
  }
  Plan plan;
  std::vector<int> code(in_all.size(), -1);
  for (size_t c = 0; c < in_all.size(); ++c) {
    if (in_all[c] == 0) {
      warnings.push_back("class " + printable(table.label_names[c]) + " has no rows and is left out");
      continue;
    }
    code[c] = static_cast<int>(plan.classes.size());
    plan.classes.push_back(table.label_names[c]);
  }
  if (plan.classes.size() < 2) {
    refuse(plan.classes.empty()
               ? std::string("no rows, expected at least two classes of pictures")
               : "all rows belong to one class, " + printable(plan.classes[0]) + "; expected at least two classes");
  }
  for (size_t c = 0; c < in_all.size(); ++c) {
    if (in_all[c] == 0 || in_training[c] >= options.folds) continue;
    refuse("class " + printable(table.label_names[c]) + " has " + std::to_string(in_training[c]) + " of its " +
           std::to_string(in_all[c]) + " rows among the first " + std::to_string(train_rows) +
           ", which train; expected at least as many as folds, " + std::to_string(options.folds) +
           "; add pictures, shuffle them when extracting, or use fewer folds");
  }
  plan.rows.classes = static_cast<int>(plan.classes.size());

  const std::vector<int> fold =
      stratified_folds(std::span(table.labels).first(static_cast<size_t>(train_rows)), options.folds);
  for (int f = 0; f < options.folds; ++f) {
    const auto first = static_cast<int64_t>(plan.order.size());
    for (int64_t r = 0; r < train_rows; ++r) {
      if (fold[static_cast<size_t>(r)] == f) plan.order.push_back(r);
    }
    plan.rows.folds.push_back({first, static_cast<int64_t>(plan.order.size()) - first});
  }
  plan.rows.test = {train_rows, table.rows - train_rows};
  for (int64_t r = train_rows; r < table.rows; ++r) plan.order.push_back(r);
  for (const int64_t r : plan.order) {
    plan.rows.labels.push_back(code[static_cast<size_t>(table.labels[static_cast<size_t>(r)])]);
  }
  return plan;
}

/// Coefficients of the columns and the intercept, from coefficients of the rows. The scores of the fit are those of
/// rows less their mean, and centred once more: both only move the intercept.
void fill_coefficients(const SparseRows& x, int64_t train_rows, const RowSpaceFit& fit, const Eigen::RowVectorXd& shift,
                       ThreadPool& pool, Classifier& model) {
  Eigen::MatrixXd a = fit.a;
  // At the optimum each row's coefficients sum to 0 over the classes; what the tolerance left is taken out.
  const bool softmax = a.cols() > 1;
  if (softmax) a.colwise() -= a.rowwise().mean().eval();
  const int64_t k = a.cols();
  model.coef.resize(static_cast<size_t>(k * x.columns()));
  weighted_row_sums(x, train_rows, a.data(), a.rows(), k, pool, model.coef.data());
  const std::vector<double> ones(static_cast<size_t>(train_rows), 1.0);
  std::vector<double> sum(static_cast<size_t>(x.columns()));
  weighted_row_sums(x, train_rows, ones.data(), train_rows, 1, pool, sum.data());
  Eigen::VectorXd intercept = fit.intercept - shift.transpose();
  for (int64_t c = 0; c < k; ++c) {
    double of_mean = 0;
    for (int64_t d = 0; d < x.columns(); ++d) {
      of_mean += model.coef[static_cast<size_t>(c * x.columns() + d)] * sum[static_cast<size_t>(d)];
    }
    intercept[c] -= of_mean / static_cast<double>(train_rows);
  }
  if (softmax) intercept.array() -= intercept.mean();
  model.intercept.assign(intercept.data(), intercept.data() + intercept.size());
}

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

}  // namespace

TrainResult train(const FeatureTable& table, const TrainOptions& options, const TrainProgress& progress) {
  check_options(options);
  TrainResult result;
  Report& report = result.report;
  const Plan plan = make_plan(table, options, report.warnings);
  const auto stage = [&](const char* name) -> Progress {
    if (!progress) return {};
    return [&progress, name](int64_t done, int64_t total) { progress(name, done, total); };
  };
  ThreadPool pool(std::max(options.threads, 0));
  const Products& products = best_products();

  auto begin = Clock::now();
  const SparseRows x = SparseRows::read(table, plan.order, pool, stage("reading"));
  report.read_seconds = seconds_since(begin);
  begin = Clock::now();
  GramMatrix k = gram_matrix(x, products, pool, stage("inner products"));
  const int64_t train_rows = plan.rows.test.first;
  centre(k, train_rows, pool);
  report.gram_seconds = seconds_since(begin);

  Search search = search_c(k, plan.rows, options.c,
                           {.relative_gap = options.relative_gap, .max_iterations = options.max_iterations}, products,
                           pool, stage("fitting"));
  report.train_rows = train_rows;
  report.test_rows = plan.rows.test.count;
  report.columns = table.columns;
  report.classes = plan.classes;
  report.candidates = std::move(search.candidates);
  report.best = search.best;
  report.fits = std::move(search.fits);
  report.search_seconds = search.search_seconds;
  report.refit_seconds = search.refit_seconds;
  add_search_warnings(options, report);

  const RowSpaceOperator trained(k, plan.rows.folds, products, &pool);
  Eigen::MatrixXd scores = trained.apply_to_others(search.refit.a, {plan.rows.test});
  scores.rowwise() += search.refit.intercept.transpose();
  const std::span<const int> test_labels = std::span(plan.rows.labels).subspan(static_cast<size_t>(train_rows));
  const std::vector<int> predicted = predicted_classes(scores);
  const Eigen::MatrixXd probability = probabilities(scores);
  report.log_loss = mean_log_loss(scores, test_labels);
  for (size_t i = 0; i < predicted.size(); ++i) {
    report.predictions.push_back({plan.order[static_cast<size_t>(train_rows) + i], test_labels[i], predicted[i],
                                  probability(static_cast<Eigen::Index>(i), predicted[i])});
  }
  score_predictions(test_labels, predicted, report);

  Classifier& model = result.classifier;
  model.classes = plan.classes;
  model.columns = table.columns;
  model.c = report.candidates[report.best].c;
  model.recipe = table.recipe;
  fill_coefficients(x, train_rows, search.refit, trained.shift(search.refit.a), pool, model);
  model.metadata["program_version"] = VGG16_VERSION;
  model.metadata["scores"] = scores_json(report);
  model.metadata["certificates"] = certificates_json(report);
  model.metadata["split"] = "tail";
  model.metadata["test_rows"] = rows_json(std::span(plan.order).subspan(static_cast<size_t>(train_rows)));
  return result;
}

}  // namespace vgg16
