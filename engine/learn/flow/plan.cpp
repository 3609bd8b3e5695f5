#include "learn/flow/plan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "kernels/parallel.h"
#include "learn/flow/class_names.h"
#include "learn/flow/metrics.h"
#include "learn/flow/split.h"
#include "learn/flow/test_table.h"
#include "learn/solve/primal.h"
#include "learn/solve/softmax.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

// One flag per row of the table.
std::vector<bool> held_out_rows(const FeatureTable& table, const TrainOptions& options,
                                std::optional<int64_t> test_rows) {
  if (!test_rows && options.split == Split::kStratified)
    return stratified_split(table.labels, options.test_size, options.seed);
  std::vector<bool> held_out(static_cast<size_t>(table.rows), false);
  const int64_t train_rows = test_rows ? table.rows - *test_rows : tail_split(table.rows, options.test_size);
  std::fill(held_out.begin() + train_rows, held_out.end(), true);
  return held_out;
}

/// Memory that does not depend on the data: program, buffers of the reader, what the allocator keeps.
constexpr int64_t kFixedBytes = 64'000'000;
/// The dual route is taken up to this number of training rows per column.
constexpr double kRowsPerColumn = 0.7;
/// The share of the free memory that training may plan to use.
constexpr double kUsableShare = 0.85;

/// Memory of what a forest leaves behind: the trees of the largest one, each as large as one with every row in a leaf
/// of its own, and once more while they are put together; its scores.
int64_t grown_bytes(const Plan& plan, const TrainOptions& options) {
  constexpr int64_t kTreeBytesPerRow = 2 * (2 * sizeof(Forest::Node) + sizeof(Forest::Vote) + 4) + 16;
  const int64_t trees = *std::max_element(options.trees.begin(), options.trees.end());
  return trees * plan.rows.train_rows() * kTreeBytesPerRow + 16 * plan.rows.classes * std::ssize(plan.order);
}

/// Memory of a forest: the rows twice, by row and by column, as if none of their numbers were zero; the scratch memory
/// of the threads; grown_bytes(); the out-of-fold scores of all candidates.
int64_t forest_bytes(const FeatureTable& table, const Plan& plan, const TrainOptions& options, int threads) {
  const int64_t n = table.rows;
  const int64_t d = table.columns;
  const auto candidates = std::ssize(options.trees) * std::ssize(options.min_leaf);
  return kFixedBytes + 5 * n * d + n * d * 17 / 4 + std::max<int64_t>(threads * (4 * d + 64 * n), kTileRows * d * 9) +
         grown_bytes(plan, options) + 8 * candidates * plan.rows.classes * n;
}

}  // namespace

void check_options(const TrainOptions& options) {
  const auto check = [](bool good, const std::string& message) { require(good, ErrorCode::kInvalidArgument, message); };
  check(!options.c.empty(), "no value of C to try, expected at least one");
  for (const double c : options.c) {
    check(c > 0 && std::isfinite(c), "C is " + std::to_string(c) + ", expected a number above 0");
  }
  check(!options.trees.empty() && !options.min_leaf.empty(), "no size of a forest to try, expected at least one");
  for (const int trees : options.trees) {
    check(trees >= 1, "trees is " + std::to_string(trees) + ", expected at least 1");
  }
  for (const int min_leaf : options.min_leaf) {
    check(min_leaf >= 1, "least rows in a leaf is " + std::to_string(min_leaf) + ", expected at least 1");
  }
  check(options.folds >= 2, "folds is " + std::to_string(options.folds) + ", expected at least 2");
  check(options.test_size >= 0 && options.test_size < 1,
        "test size is " + std::to_string(options.test_size) + ", expected a share from 0 to below 1");
  check(options.relative_gap > 0, "relative gap is not above 0");
  check(options.classifier == ClassifierKind::kLogistic || options.solver == Solver::kAuto,
        "solver " + std::string(solver_name(options.solver)) + ": only logistic regression has a choice of solvers");
  check(options.solver != Solver::kNewton || options.route != Route::kPrimal,
        "Newton's method needs the inner products of the rows, which Route::kPrimal does not have");
  check(options.max_iterations > 0, "max iterations is not above 0");
  check(options.threads >= -1, "threads is " + std::to_string(options.threads) + ", expected 0 for all or a number");
}

void require_labels(const FeatureTable& table) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::kRefused, printable(table.name) + ": " + what);
  };
  if (static_cast<int64_t>(table.labels.size()) != table.rows) {
    refuse(std::to_string(table.labels.size()) + " labels for " + std::to_string(table.rows) + " rows");
  }
  std::set<std::string_view> names;
  for (const std::string& name : table.label_names) {
    if (!names.insert(name).second) refuse("two classes are called " + printable(name));
  }
  const auto classes = static_cast<int64_t>(table.label_names.size());
  for (int64_t r = 0; r < table.rows; ++r) {
    const int64_t label = table.labels[static_cast<size_t>(r)];
    if (label >= 0 && label < classes) continue;
    refuse("row " + std::to_string(r) + " has label " + std::to_string(label) + ", expected 0 to " +
           std::to_string(classes - 1));
  }
}

TrainOptions logistic_options(const TrainOptions& options) {
  TrainOptions logistic = options;
  logistic.classifier = ClassifierKind::kLogistic;
  logistic.c = default_c_list();
  logistic.solver = Solver::kAuto;
  return logistic;
}

Plan make_plan(const FeatureTable& table, const TrainOptions& options, std::vector<std::string>& warnings,
               std::optional<int64_t> test_rows) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::kRefused, printable(table.name) + ": " + what);
  };
  require_labels(table);
  // Rows per class, in the whole table and among the training rows.
  std::vector<int64_t> in_all(table.label_names.size(), 0);
  std::vector<int64_t> in_training(table.label_names.size(), 0);
  for (const int64_t label : table.labels) ++in_all[static_cast<size_t>(label)];
  const std::vector<bool> held_out = held_out_rows(table, options, test_rows);
  std::vector<int64_t> train_rows;
  std::vector<int64_t> train_labels;
  for (int64_t r = 0; r < table.rows; ++r) {
    if (held_out[static_cast<size_t>(r)]) continue;
    train_rows.push_back(r);
    train_labels.push_back(table.labels[static_cast<size_t>(r)]);
    ++in_training[static_cast<size_t>(train_labels.back())];
  }
  Plan plan;
  // Class numbers without gaps: a class without rows, as in a table of a shard, gets none.
  std::vector<int> code(in_all.size(), -1);
  std::vector<std::string> left_out;
  for (size_t c = 0; c < in_all.size(); ++c) {
    if (in_all[c] == 0) {
      left_out.push_back(table.label_names[c]);
      continue;
    }
    code[c] = static_cast<int>(plan.classes.size());
    plan.classes.push_back(table.label_names[c]);
  }
  if (left_out.size() == 1) warnings.push_back("class " + printable(left_out[0]) + " has no rows and is left out");
  if (left_out.size() > 1) warnings.push_back(classes_text(left_out) + " have no rows and are left out");
  if (plan.classes.size() < 2) {
    refuse(plan.classes.empty()
               ? std::string("no rows, expected at least two classes of pictures")
               : "all rows belong to one class, " + printable(plan.classes[0]) + "; expected at least two classes");
  }
  for (size_t c = 0; c < in_all.size(); ++c) {
    if (in_all[c] == 0 || in_training[c] >= options.folds) continue;
    refuse("class " + printable(table.label_names[c]) + " has " + std::to_string(in_training[c]) + " of its " +
           std::to_string(in_all[c]) + " rows among the " + std::to_string(train_rows.size()) +
           " training rows; expected at least as many as folds, " + std::to_string(options.folds) +
           "; add pictures, shuffle them when extracting, or use fewer folds");
  }
  plan.rows.classes = static_cast<int>(plan.classes.size());

  // Positions: all rows of fold 0 first, then fold 1, ... and the held-out rows at the end (GroupedRows).
  const std::vector<int> fold = stratified_folds(train_labels, options.folds);
  for (int f = 0; f < options.folds; ++f) {
    const auto first = static_cast<int64_t>(plan.order.size());
    for (size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] == f) plan.order.push_back(train_rows[i]);
    }
    plan.rows.folds.push_back({first, static_cast<int64_t>(plan.order.size()) - first});
  }
  const auto n_train = static_cast<int64_t>(train_rows.size());
  plan.rows.test = {n_train, table.rows - n_train};
  for (int64_t r = 0; r < table.rows; ++r) {
    if (held_out[static_cast<size_t>(r)]) plan.order.push_back(r);
  }
  for (const int64_t r : plan.order) {
    plan.rows.labels.push_back(code[static_cast<size_t>(table.labels[static_cast<size_t>(r)])]);
  }
  return plan;
}

TrainEstimate choose_route(const FeatureTable& table, const Plan& plan, const TrainOptions& options, int threads,
                           int64_t available_bytes) {
  const int64_t n = table.rows;
  const int64_t d = table.columns;
  const int64_t train_rows = plan.rows.train_rows();
  const int64_t k = score_columns(plan.rows.classes);
  const auto fits = static_cast<int64_t>(options.c.size()) * options.folds;
  // A limit that the caller has given is taken as it is; of free memory a part is left to others.
  const auto usable = options.memory_bytes > 0
                          ? options.memory_bytes
                          : static_cast<int64_t>(kUsableShare * static_cast<double>(available_bytes));

  if (options.classifier == ClassifierKind::kForest) {
    const int64_t forest = forest_bytes(table, plan, options, threads);
    if (forest > usable) {
      throw Error(ErrorCode::kMemory, printable(table.name) + ": a forest, which needs all rows in memory, takes " +
                                          std::to_string(forest / 1'000'000) + " MB, and " +
                                          std::to_string(usable / 1'000'000) +
                                          " MB are free; pool the features, use fewer rows or trees, or train logistic "
                                          "regression");
    }
    // The comparison with logistic regression comes after it, beside the forest and all rows, if there is memory for
    // it.
    const int64_t held = grown_bytes(plan, options) + 5 * (n - train_rows) * d;
    TrainOptions logistic = logistic_options(options);
    logistic.memory_bytes = std::max<int64_t>(1, usable - held);
    try {
      TrainEstimate estimate = choose_route(table, plan, logistic, threads, available_bytes);
      if (estimate.rows_in_memory) {
        estimate.memory_bytes = std::max(estimate.memory_bytes + held, forest);
        return estimate;
      }
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kMemory) throw;
    }
    return {Route::kPrimal, forest, false, 1};
  }

  // The terms of `gram`: the rows, as if none of their numbers were zero; the Gram matrix (8 n^2); its active part in
  // float32, for one fold per thread during the search and for all rows in the final fit; per fold, two points of its
  // path with their scores; per thread, 40 vectors of one number per training row and score column for Newton's method,
  // 60 for L-BFGS; the out-of-fold scores of every candidate, and those of the best once more; an SVM's dual
  // coefficients of every candidate's folds in float32; the coefficients.
  // Reading the rows takes its memory before the float32 part is needed, so only the larger of the two counts.
  const int64_t fold_rows = train_rows - train_rows / options.folds;
  const int64_t reading = threads * kTileRows * d * 9;
  const int64_t rows_bytes = 5 * n * d;
  // Of an SVM: in float64, in the final fit for one class per thread; and the search of logistic regression follows.
  const bool svm = options.classifier == ClassifierKind::kSvm;
  const int64_t candidates =
      1 + (svm ? std::max(std::ssize(options.c), std::ssize(default_c_list())) : std::ssize(options.c));
  const int64_t active = (svm ? 8 : 4) * std::max(fold_rows * fold_rows * std::min<int64_t>(threads, options.folds),
                                                  train_rows * train_rows * (svm ? std::min<int64_t>(threads, k) : 1));
  const int64_t kept = svm ? std::ssize(options.c) * options.folds * fold_rows / 2 : 0;
  const int64_t gram =
      kFixedBytes + std::max(reading, active) + rows_bytes + 8 * n * n +
      8 * k *
          (4 * options.folds * fold_rows + (options.solver == Solver::kLbfgs ? 60 : 40) * train_rows * threads +
           candidates * train_rows + kept + 2 * d);
  const bool fewer_rows = static_cast<double>(train_rows) <= kRowsPerColumn * static_cast<double>(d);
  const bool dual = options.route == Route::kDual || options.solver == Solver::kNewton;
  if (options.route != Route::kPrimal && gram <= usable && (fewer_rows || dual)) {
    return {Route::kDual, gram, true, fits};
  }
  if (dual) {
    throw Error(ErrorCode::kMemory, printable(table.name) + ": training by inner products needs " +
                                        std::to_string(gram / 1'000'000) + " MB, and " +
                                        std::to_string(usable / 1'000'000) +
                                        " MB are free; use passes over the rows, with L-BFGS");
  }
  // Finished models: an SVM's, or then those of the logistic regression that it is compared with.
  const int64_t models = svm ? std::max(fits, std::ssize(default_c_list()) * options.folds) : fits;
  // Memory of the primal route for so many fits at once: what does not depend on them, the fits, all finished models,
  // the out-of-fold scores of the best, a pass. The final fit has more rows, and runs alone.
  const int64_t per_fit = primal_bytes_per_fit(fold_rows, d, plan.rows.classes);
  const int64_t final_fit = primal_bytes_per_fit(train_rows, d, plan.rows.classes);
  const auto primal = [&](int64_t at_once, bool resident) {
    return kFixedBytes + (resident ? reading + 5 * train_rows * d : 0) + std::max(at_once * per_fit, final_fit) +
           8 * k * (models * d + train_rows) + RowPasses::working_bytes(train_rows, d, at_once * k, threads);
  };
  for (const bool resident : {true, false}) {
    // Preferably all fits run at once, with the rows in memory. Rows stay in memory as long as at least a quarter of
    // the fits can run at once beside them; otherwise they are read in every pass.
    const int64_t least = resident ? std::max<int64_t>(1, fits / 4) : 1;
    for (int64_t at_once = fits; at_once >= least; --at_once) {
      if (primal(at_once, resident) <= usable) return {Route::kPrimal, primal(at_once, resident), resident, at_once};
    }
  }
  throw Error(ErrorCode::kMemory, printable(table.name) + ": training needs " +
                                      std::to_string(primal(1, false) / 1'000'000) + " MB of memory at least, and " +
                                      std::to_string(usable / 1'000'000) +
                                      " MB are free; pool the features or use fewer rows");
}

namespace {

// The same decisions as train() makes; the warnings are reported by train().
TrainEstimate estimate(const FeatureTable& table, const TrainOptions& options, std::optional<int64_t> test_rows) {
  std::vector<std::string> warnings;
  const Plan plan = make_plan(table, options, warnings, test_rows);
  const int threads = options.threads > 0 ? options.threads : available_processors();
  return choose_route(table, plan, options, threads, available_memory_bytes());
}

}  // namespace

TrainEstimate estimate_training(const FeatureTable& table, const TrainOptions& options) {
  const StandardFloatingPoint mode;
  check_options(options);
  return estimate(table, options, {});
}

TrainEstimate estimate_training(const FeatureTable& table, const FeatureTable& test, const TrainOptions& options) {
  const StandardFloatingPoint mode;
  check_options(options);
  return estimate(with_test_rows(table, test), options, test.rows);
}

}  // namespace vgg16
