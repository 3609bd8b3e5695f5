#include "learn/flow/split.h"

#include <gmock/gmock.h>

namespace vgg16 {
namespace {

using testing::ElementsAre;

TEST(TailSplit, IsTheOldScriptsFormula) {
  EXPECT_EQ(tail_split(600, 0.25), 450);
  EXPECT_EQ(tail_split(1360, 0.25), 1020);
  EXPECT_EQ(tail_split(7, 0.25), 5);
  EXPECT_EQ(tail_split(1, 0.25), 0);
  EXPECT_EQ(tail_split(0, 0.25), 0);
  EXPECT_EQ(tail_split(10, 0.1), 9);
}

TEST(StratifiedFolds, KeepsRowOrderWithinEachClass) {
  const std::vector<int64_t> labels = {0, 0, 0, 1, 1, 1};
  EXPECT_THAT(stratified_folds(labels, 3), ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(StratifiedFolds, DealsSortedLabelsOverAllClasses) {
  // Sorted by first appearance: aaaa bbbb. Positions 0..7 go to folds 0 1 2 0 | 1 2 0 1: fold 0 gets two of a and one
  // of b, fold 1 one of a and two of b.
  const std::vector<int64_t> labels = {4, 4, 4, 4, 2, 2, 2, 2};
  EXPECT_THAT(stratified_folds(labels, 3), ElementsAre(0, 0, 1, 2, 0, 1, 1, 2));
}

TEST(StratifiedFolds, NumbersClassesByFirstAppearance) {
  // Class 9 comes first, so its one spare row is in fold 0 and class 1 goes on from fold 1.
  const std::vector<int64_t> labels = {9, 1, 9, 1, 9, 1, 9, 1};
  EXPECT_THAT(stratified_folds(labels, 3), ElementsAre(0, 0, 0, 1, 1, 1, 2, 2));
}

TEST(StratifiedFolds, EveryFoldGetsAlmostTheSameOfEachClass) {
  std::vector<int64_t> labels;
  for (int i = 0; i < 1000; ++i) labels.push_back((i * i + i / 7) % 5);
  const std::vector<int> fold = stratified_folds(labels, 7);
  for (int64_t c = 0; c < 5; ++c) {
    std::vector<int> count(7, 0);
    for (size_t i = 0; i < labels.size(); ++i) count[fold[i]] += labels[i] == c ? 1 : 0;
    const auto [least, most] = std::minmax_element(count.begin(), count.end());
    EXPECT_LE(*most - *least, 1) << "class " << c;
  }
}

TEST(StratifiedSplit, TakesEveryClassesShareAndDependsOnTheSeedAlone) {
  std::vector<int64_t> labels;
  for (int i = 0; i < 400; ++i) labels.push_back(i % 10 < 6 ? 0 : i % 10 < 9 ? 3 : 1);
  const std::vector<bool> held_out = stratified_split(labels, 0.25, 5);
  std::vector<int> count(4, 0);
  for (size_t i = 0; i < labels.size(); ++i) count[labels[i]] += held_out[i] ? 1 : 0;
  EXPECT_THAT(count, ElementsAre(60, 10, 0, 30));
  EXPECT_EQ(held_out, stratified_split(labels, 0.25, 5));
  EXPECT_NE(held_out, stratified_split(labels, 0.25, 6));
}

TEST(StratifiedSplit, HoldsOutAsManyRowsAsTheTailWould) {
  for (int n = 1; n < 60; ++n) {
    std::vector<int64_t> labels;
    for (int i = 0; i < n; ++i) labels.push_back(i % 7);
    for (const double share : {0.1, 0.25, 0.4}) {
      const std::vector<bool> held_out = stratified_split(labels, share, 1);
      EXPECT_EQ(std::count(held_out.begin(), held_out.end(), true), n - tail_split(n, share)) << n;
    }
  }
}

}  // namespace
}  // namespace vgg16
