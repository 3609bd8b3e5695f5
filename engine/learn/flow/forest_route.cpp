#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "learn/flow/forest_scores.h"
#include "learn/flow/metrics.h"
#include "learn/flow/search.h"
#include "learn/forest/forest.h"
#include "learn/matrix/columns.h"
#include "learn/matrix/passes.h"

namespace vgg16 {
namespace {

/// Grows the forests of one training and reports each tree.
class Grower {
 public:
  Grower(const RouteInput& input, const SparseColumns& x) : input_(input), x_(x) {
    const TrainOptions& options = input.options;
    total_ = std::ssize(input.plan.rows.folds) * std::ssize(options.min_leaf) * most_trees() + most_trees();
  }

  /// Of the largest forest that is tried.
  [[nodiscard]] int most_trees() const {
    return *std::max_element(input_.options.trees.begin(), input_.options.trees.end());
  }

  /// On the training rows except those of `fold` (-1: on all).
  [[nodiscard]] Grown grow(int fold, int trees, int min_leaf) {
    std::vector<uint32_t> rows(static_cast<size_t>(input_.plan.rows.train_rows()));
    std::iota(rows.begin(), rows.end(), 0U);
    if (fold >= 0) {
      const Segment& left_out = input_.plan.rows.folds[static_cast<size_t>(fold)];
      rows.erase(rows.begin() + left_out.first, rows.begin() + left_out.first + left_out.count);
    }
    const std::vector<double> weights = input_.class_weights(fold);
    const GrowInput input = {x_,       input_.plan.rows.labels, rows, weights, input_.plan.rows.classes,
                             min_leaf, input_.options.seed};
    return grow_forest(input, trees, input_.pool, [&] {
      ++done_;
      if (input_.progress) input_.progress("trees", done_, std::max(done_, total_));
    });
  }

  /// The mean votes of a range of trees that begins with the first one, for `rows`, are its sums / trees.
  [[nodiscard]] Eigen::MatrixXd no_votes(const Segment& rows) const {
    return Eigen::MatrixXd::Zero(rows.count, input_.plan.rows.classes);
  }

 private:
  const RouteInput& input_;
  const SparseColumns& x_;
  int64_t done_ = 0;
  int64_t total_ = 0;
};

/// The scores by position of each training row in the forests, one for each number of trees, that leave its fold out.
/// The largest forest begins with the trees of the smaller ones, so it is the only one that is grown.
std::vector<Eigen::MatrixXd> out_of_fold_scores(const RouteInput& input, const SparseColumns& x, Grower& grower,
                                                int min_leaf) {
  const GroupedRows& rows = input.plan.rows;
  const std::vector<int>& trees = input.options.trees;
  std::vector<size_t> ascending(trees.size());
  std::iota(ascending.begin(), ascending.end(), size_t{0});
  std::stable_sort(ascending.begin(), ascending.end(), [&](size_t i, size_t j) { return trees[i] < trees[j]; });
  std::vector<Eigen::MatrixXd> scores(trees.size(), Eigen::MatrixXd(rows.train_rows(), score_columns(rows.classes)));
  for (size_t f = 0; f < rows.folds.size(); ++f) {
    const Grown grown = grower.grow(static_cast<int>(f), grower.most_trees(), min_leaf);
    const Segment& left_out = rows.folds[f];
    Eigen::MatrixXd votes = grower.no_votes(left_out);
    size_t counted = 0;
    for (const size_t i : ascending) {
      const auto count = static_cast<size_t>(trees[i]);
      add_votes(grown.forest, {counted, count}, x, left_out.first, input.pool, votes);
      counted = count;
      scores[i].middleRows(left_out.first, left_out.count) = forest_scores(votes / trees[i]);
    }
  }
  return scores;
}

void search(const RouteInput& input, const SparseColumns& x, Grower& grower, Trained& trained) {
  std::vector<Eigen::MatrixXd> out_of_fold;
  for (const int min_leaf : input.options.min_leaf) {
    const auto begin = Clock::now();
    std::vector<Eigen::MatrixXd> scores = out_of_fold_scores(input, x, grower, min_leaf);
    for (size_t i = 0; i < scores.size(); ++i) {
      Candidate candidate;
      candidate.trees = input.options.trees[i];
      candidate.min_leaf = min_leaf;
      candidate.seconds = seconds_since(begin);
      score_folds(scores[i], input.plan.rows, input.options.score, candidate);
      trained.candidates.push_back(std::move(candidate));
      out_of_fold.push_back(std::move(scores[i]));
    }
  }
  trained.best = rank_candidates(trained.candidates, input.options.score);
  trained.out_of_fold_scores = std::move(out_of_fold[trained.best]);
}

void fit_all_rows(const RouteInput& input, const SparseColumns& x, Grower& grower, Trained& trained) {
  const GroupedRows& rows = input.plan.rows;
  const Candidate& best = trained.candidates[trained.best];
  Grown grown = grower.grow(-1, best.trees, best.min_leaf);
  const TreeRange all = {0, static_cast<size_t>(best.trees)};
  Eigen::MatrixXd votes = grower.no_votes(rows.test);
  add_votes(grown.forest, all, x, rows.test.first, input.pool, votes);
  trained.test_scores = forest_scores(votes / best.trees);

  Eigen::MatrixXd out_of_bag = grower.no_votes({0, rows.train_rows()});
  add_votes(grown.forest, all, x, 0, input.pool, out_of_bag, &grown.drawn);
  int64_t right = 0;
  for (Eigen::Index i = 0; i < out_of_bag.rows(); ++i) {
    Eigen::Index predicted = 0;
    if (!(out_of_bag.row(i).maxCoeff(&predicted) > 0)) continue;  // every tree was grown from this row
    ++trained.out_of_bag_rows;
    right += predicted == rows.labels[static_cast<size_t>(i)] ? 1 : 0;
  }
  if (trained.out_of_bag_rows > 0) {
    trained.out_of_bag_accuracy = static_cast<double>(right) / static_cast<double>(trained.out_of_bag_rows);
  }
  trained.forest = std::move(grown.forest);
}

}  // namespace

Trained train_forest(const RouteInput& input, const AuditWith& audit_with) {
  Trained trained;
  auto begin = Clock::now();
  const SparseRows x = SparseRows::read(input.table, input.plan.order, input.pool, input.stage("rows read"));
  {
    const SparseColumns columns(x, input.pool);
    trained.read_seconds = seconds_since(begin);
    begin = Clock::now();
    Grower grower(input, columns);
    search(input, columns, grower, trained);
    trained.search_seconds = seconds_since(begin);
    begin = Clock::now();
    fit_all_rows(input, columns, grower, trained);
    trained.refit_seconds = seconds_since(begin);
  }
  if (input.estimate.route == Route::kDual) {
    begin = Clock::now();
    GramMatrix k =
        gram_matrix(x, input.plan.rows.train_rows(), input.products, input.pool, input.stage("inner products"));
    centre(k, input.plan.rows.train_rows(), input.pool);
    trained.gram_seconds = seconds_since(begin);
    begin = Clock::now();
    trained.logistic = logistic_on_same_folds(input, k);
    trained.comparison_seconds = seconds_since(begin);
    audit_with(k, trained);
  } else {
    begin = Clock::now();
    // Over all rows, since these are in memory; fits use the first ones, which train.
    RowPasses passes({&input.table, input.plan.order}, &x, input.products, input.pool);
    if (input.estimate.rows_in_memory) trained.logistic = logistic_on_same_folds(input, passes);
    trained.comparison_seconds = seconds_since(begin);
  }
  return trained;
}

}  // namespace vgg16
