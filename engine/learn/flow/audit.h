// Similarities between rows, which the Gram matrix gives without further products: duplicates and nearest neighbours.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/gram.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// Two pictures with at least this similarity are listed as probably the same. With the real weights, re-encoded and
/// resized copies had similarities of 0.65 to 0.998 (median 0.97); the two most similar of 600 different pictures had
/// 0.62.
inline constexpr double kDuplicateSimilarity = 0.6;

/// The `count` training rows (positions 0 .. train_rows - 1) most similar to the row at `position`, best first; equally
/// similar ones by position. Similarity is the cosine in the centred matrix `k`; it is 0 if one of the rows equals the
/// mean. Neighbour::row is a position.
[[nodiscard]] std::vector<Neighbour> nearest(const GramMatrix& k, int64_t train_rows, int64_t position, int count);

/// Sets report.duplicates, and HeldOutPrediction::nearest of the wrong predictions. `order` is the table's row at each
/// position, `labels` the class at each position. report.predictions must be those of the held-out rows in order of
/// their positions, which begin at train_rows.
void audit(const GramMatrix& k, int64_t train_rows, std::span<const int64_t> order, std::span<const int> labels,
           ThreadPool& pool, Report& report);

/// Sets report.duplicates to the held-out rows whose picture's file is that of a training row, with the first such row.
/// `files` are those of the table's rows; the other arguments are as for audit().
void find_same_files(std::span<const FileContent> files, int64_t train_rows, std::span<const int64_t> order,
                     std::span<const int> labels, Report& report);

}  // namespace vgg16
