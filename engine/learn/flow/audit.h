// Similarities between rows, which the Gram matrix gives without further products: the same picture on both sides of
// the split, and nearest neighbours.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/gram.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// The `count` training rows (positions 0 .. train_rows - 1) most similar to the row at `position`, best first; equally
/// similar ones by position. Similarity is the cosine in the centred matrix `k`; it is 0 if one of the rows equals the
/// mean. Neighbour::row is a position.
[[nodiscard]] std::vector<Neighbour> nearest(const GramMatrix& k, int64_t train_rows, int64_t position, int count);

/// Two rows are |a - b| / sqrt(|a|^2 + |b|^2) apart. How far copies of one picture are apart depends on the layer, the
/// pooling and the picture, and so does the distance of other pictures. So distances are compared with that of the
/// crowd: the distance from the held-out row to the nearest training row after kMostCopies ones, or after a quarter of
/// the training rows if these are fewer.
inline constexpr int64_t kMostCopies = 10;

/// The limits of the distance, as shares of that of the crowd.
struct LikenessLimits {
  double same = 0;   ///< up to here the pictures are the same
  double alike = 0;  ///< up to here they are very alike
};

/// The limits for rows of this recipe; none if it is not one of this program's, so that nothing is known about them.
[[nodiscard]] std::optional<LikenessLimits> likeness_limits(const Recipe& recipe);

struct AuditedRows {
  int64_t train_rows = 0;          ///< positions before this one are training rows, the others are held out
  std::span<const int64_t> order;  ///< the table's row at each position
  std::span<const int> labels;     ///< the class at each position
};

/// Sets HeldOutPrediction::nearest of the wrong predictions and, if there are limits, report.duplicates and
/// report.look_alikes: the training rows before the crowd that are within the limits. Rows that are equal but for
/// rounding are always of the same picture. report.predictions must be those of the held-out rows in order of their
/// positions.
void audit(const GramMatrix& k, const AuditedRows& rows, const std::optional<LikenessLimits>& limits, ThreadPool& pool,
           Report& report);

/// Adds to report.duplicates the held-out rows whose picture's file is that of a training row, with the first such row.
/// `files` are those of the table's rows.
void find_same_files(std::span<const FileContent> files, const AuditedRows& rows, Report& report);

}  // namespace vgg16
