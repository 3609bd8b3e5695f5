#include "learn/flow/search.h"

#include <gtest/gtest.h>

#include "learn/flow/metrics.h"
#include "support/feature_data.h"

namespace vgg16 {
namespace {

Trained search(const FeatureTable& table, const Plan& plan, const TrainOptions& options) {
  ThreadPool pool(2);
  const TrainProgress silent;
  const TrainEstimate estimate = choose_route(table, plan, options, pool.size(), int64_t{1} << 32U);
  const RouteInput input = {table, plan, options, estimate, best_sparse_products(), pool, silent};
  return estimate.route == Route::kDual ? train_dual(input, [](const GramMatrix&, const Trained&) {})
                                        : train_primal(input);
}

class OutOfFoldTest : public testing::TestWithParam<int> {};

TEST_P(OutOfFoldTest, ScoresAreThoseOfTheBestCandidateByEitherRoute) {
  const int classes = GetParam();
  const FeatureTable table =
      sparse_classes({.rows = 300, .columns = 150, .classes = classes, .zeros = 0.6, .separation = 0.3});
  TrainOptions options;
  options.c = {1, 1e-2, 1e-4};
  options.relative_gap = 1e-10;
  std::vector<std::string> warnings;
  const Plan plan = make_plan(table, options, warnings);
  options.route = Route::kDual;
  const Trained dual = search(table, plan, options);
  options.route = Route::kPrimal;
  const Trained primal = search(table, plan, options);
  EXPECT_NE(dual.best, 0U) << "the first candidate; then scores of the wrong one would not show";
  ASSERT_EQ(primal.best, dual.best);
  for (const Trained* trained : {&dual, &primal}) {
    const Eigen::MatrixXd& scores = trained->out_of_fold_scores;
    ASSERT_EQ(scores.rows(), plan.rows.train_rows());
    ASSERT_EQ(scores.cols(), classes == 2 ? 1 : classes);
    double log_loss = 0;
    for (size_t f = 0; f < plan.rows.folds.size(); ++f) {
      const Segment& fold = plan.rows.folds[f];
      const std::span labels = std::span(plan.rows.labels).subspan(fold.first, fold.count);
      const Eigen::MatrixXd own = scores.middleRows(fold.first, fold.count);
      EXPECT_EQ(accuracy_of(labels, predicted_classes(own)), trained->candidates[trained->best].fold_scores[f]);
      log_loss += mean_log_loss(own, labels) / 3;
    }
    EXPECT_NEAR(log_loss, trained->candidates[trained->best].log_loss, 1e-12);
  }
  // A common shift of all classes changes nothing, and the routes may differ by one.
  const auto centred = [](Eigen::MatrixXd scores) {
    if (scores.cols() > 1) scores.colwise() -= scores.rowwise().mean().eval();
    return scores;
  };
  EXPECT_LT((centred(dual.out_of_fold_scores) - centred(primal.out_of_fold_scores)).cwiseAbs().maxCoeff(), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Classes, OutOfFoldTest, testing::Values(2, 4));

}  // namespace
}  // namespace vgg16
