// Choosing training rows, held-out rows and folds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vgg16 {

/// Number of training rows when the last rows are held out: floor(rows * (1 - test_size)), as the scripts that this
/// program replaces compute it in double precision.
[[nodiscard]] int64_t tail_split(int64_t rows, double test_size);

/// For each row the fold, 0 .. folds - 1, that leaves it out: exactly scikit-learn's StratifiedKFold(folds,
/// shuffle=False). Classes are numbered by first appearance. The sorted labels are dealt to the folds in turn, which
/// determines how many rows of each class a fold gets; the rows of a class then go to fold 0 until it is full, to fold
/// 1, and so on. `labels` must not be negative.
[[nodiscard]] std::vector<int> stratified_folds(std::span<const int64_t> labels, int folds);

/// For each row whether it is held out (true), so that every class has the same share of held-out rows. In all,
/// floor(rows * (1 - test_size)) rows train. The number of held-out rows of a class is its share rounded down; the
/// missing ones come from the classes with the largest remainders, lower labels first. Within a class the rows are
/// drawn by MT19937-64 with `seed`.
[[nodiscard]] std::vector<bool> stratified_split(std::span<const int64_t> labels, double test_size, uint64_t seed);

}  // namespace vgg16
