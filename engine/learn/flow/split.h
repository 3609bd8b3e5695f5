// Which rows train, which are held out, and which fold leaves out which row.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vgg16 {

/// Number of training rows when the last rows are held out: floor(rows * (1 - test_size)), as the scripts that this
/// program replaces compute it in double precision.
[[nodiscard]] int64_t tail_split(int64_t rows, double test_size);

/// The fold, 0 .. folds - 1, that leaves out each row: exactly scikit-learn's StratifiedKFold(folds, shuffle=False).
/// Classes are numbered by first appearance, and the sorted labels are dealt out one to each fold in turn; that fixes
/// how many rows of a class a fold gets, and the class's rows fill those places in the order of the folds. `labels` are
/// non-negative.
[[nodiscard]] std::vector<int> stratified_folds(std::span<const int64_t> labels, int folds);

/// Which rows are held out (true) when every class gives its share: floor(rows * (1 - test_size)) rows train in all;
/// each class gives the whole number next below its share, and what is missing comes from the classes with the largest
/// remainders, the lower label first. Within a class the rows are drawn by MT19937-64 from `seed`.
[[nodiscard]] std::vector<bool> stratified_split(std::span<const int64_t> labels, double test_size, uint64_t seed);

}  // namespace vgg16
