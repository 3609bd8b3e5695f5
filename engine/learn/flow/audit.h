// What the inner products say about the rows themselves, at no further cost.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/gram.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// From this similarity on two pictures are listed as probably the same one. With the real weights, re-encoded and
/// resized copies had 0.65 to 0.998 (median 0.97) and the most alike of 600 different pictures 0.62.
inline constexpr double kDuplicateSimilarity = 0.6;

/// The `count` most similar of positions 0 .. train_rows - 1 to position `position`, best first; equal ones in order of
/// position. Similarity is the cosine of the angle seen from the origin of `k`, the mean of the training rows; 0 for a
/// row that is at the origin. Neighbour::row is a position.
[[nodiscard]] std::vector<Neighbour> nearest(const GramMatrix& k, int64_t train_rows, int64_t position, int count);

/// Fills duplicates of `report` and the nearest training rows of its wrong predictions. `order` is the table's row at
/// each position, `labels` the class at each; held-out positions begin at train_rows, as report.predictions do.
void audit(const GramMatrix& k, int64_t train_rows, std::span<const int64_t> order, std::span<const int> labels,
           ThreadPool& pool, Report& report);

}  // namespace vgg16
