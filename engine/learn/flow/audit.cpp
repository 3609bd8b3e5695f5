#include "learn/flow/audit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr int kNeighbours = 3;
/// A row whose squared length is below this share of the largest is the mean within rounding, and has no direction.
constexpr double kLeastSize = 1e-12;

/// The distance of equal rows is this at most, because their inner products are rounded.
constexpr double kRounding = 1e-6;

/// The cosine between two rows of the centred matrix, whose squared lengths are at least `least`.
double cosine(const GramMatrix& k, double least, int64_t i, int64_t j) {
  // The length of a centred row is zero, or rounding, if it equals the mean: then the cosine would be 0/0.
  const bool apart = k.at(i, i) > least && k.at(j, j) > least;
  return apart ? k.at(i, j) / std::sqrt(k.at(i, i) * k.at(j, j)) : 0.0;
}

double least_size(const GramMatrix& k) {
  double largest = 0;
  for (int64_t i = 0; i < k.n; ++i) largest = std::max(largest, k.at(i, i));
  return kLeastSize * largest;
}

/// The distance that kMostCopies tells about. Centring changes its divisor only. 1 between rows of zeros, which
/// tell nothing.
double distance(const GramMatrix& k, int64_t i, int64_t j) {
  const double squared = std::max(k.at(i, i) + k.at(j, j) - 2 * k.at(i, j), 0.0);
  const double lengths = k.squared_length[static_cast<size_t>(i)] + k.squared_length[static_cast<size_t>(j)];
  return lengths > 0 ? std::sqrt(squared / lengths) : 1.0;
}

struct LikePair {
  int64_t position = 0;  ///< of the training row
  bool same = false;     ///< otherwise alike
};

/// The training rows that are like the row at `position`, nearest first.
std::vector<LikePair> like_rows(const GramMatrix& k, int64_t train_rows, int64_t position,
                                const LikenessLimits& limits) {
  std::vector<std::pair<double, int64_t>> rows;  // distance and position
  rows.reserve(static_cast<size_t>(train_rows));
  for (int64_t i = 0; i < train_rows; ++i) rows.emplace_back(distance(k, position, i), i);
  const auto crowd = rows.begin() + std::clamp<int64_t>(train_rows / 4, 1, kMostCopies);
  std::partial_sort(rows.begin(), crowd + 1, rows.end());
  std::vector<LikePair> like;
  for (auto row = rows.begin(); row != crowd; ++row) {
    const bool equal = row->first <= kRounding;
    if (!equal && row->first > limits.alike * crowd->first) break;
    like.push_back({row->second, equal || row->first <= limits.same * crowd->first});
  }
  return like;
}

}  // namespace

std::optional<LikenessLimits> likeness_limits(const Recipe& recipe) {
  if (recipe.preprocessing != kPreprocessing) return {};
  // Measured with block3_pool to block5_pool (README.md). Pooling forgets where things are, which brings different
  // pictures nearer to one another than copies.
  static const std::map<std::string_view, double> same = {{"none", 0.45}, {"max", 0.45}, {"2x2", 0.37}, {"avg", 0.27}};
  const auto found = same.find(recipe.pool);
  if (found == same.end()) return {};
  return LikenessLimits{.same = found->second, .alike = 0.5};
}

// A sorted list of `count` entries: with three of them, insertion is faster than any heap.
std::vector<Neighbour> nearest(const GramMatrix& k, int64_t train_rows, int64_t position, int count) {
  const double least = least_size(k);
  std::vector<Neighbour> found;
  for (int64_t i = 0; i < train_rows; ++i) {
    const double similarity = cosine(k, least, position, i);
    if (static_cast<int>(found.size()) == count && similarity <= found.back().similarity) continue;
    const auto place =
        std::find_if(found.begin(), found.end(), [&](const Neighbour& n) { return n.similarity < similarity; });
    found.insert(place, {i, similarity});
    if (static_cast<int>(found.size()) > count) found.pop_back();
  }
  return found;
}

void audit(const GramMatrix& k, const AuditedRows& rows, const std::optional<LikenessLimits>& limits, ThreadPool& pool,
           Report& report) {
  const auto table_row = [&](int64_t position) { return rows.order[static_cast<size_t>(position)]; };
  const double least = least_size(k);
  // One result per held-out row, so that threads write to different places and the report's order is fixed.
  std::vector<std::vector<LikePair>> like(report.predictions.size());
  for_each_checked(pool, std::ssize(like), [&](int64_t i, int /*member*/) {
    HeldOutPrediction& prediction = report.predictions[static_cast<size_t>(i)];
    const int64_t position = rows.train_rows + i;
    if (limits) like[static_cast<size_t>(i)] = like_rows(k, rows.train_rows, position, *limits);
    if (prediction.predicted == prediction.label) return;
    prediction.nearest = nearest(k, rows.train_rows, position, kNeighbours);
    for (Neighbour& n : prediction.nearest) n.row = table_row(n.row);
  });
  for (size_t i = 0; i < like.size(); ++i) {
    const HeldOutPrediction& prediction = report.predictions[i];
    for (const LikePair& pair : like[i]) {
      const int64_t position = rows.train_rows + static_cast<int64_t>(i);
      const bool same_label = rows.labels[static_cast<size_t>(pair.position)] == prediction.label;
      (pair.same ? report.duplicates : report.look_alikes)
          .push_back({prediction.row, table_row(pair.position), cosine(k, least, position, pair.position), same_label});
    }
  }
  for (std::vector<DuplicatePair>* pairs : {&report.duplicates, &report.look_alikes}) {
    // Stable, so that equally similar pairs keep the order of the rows on every standard library.
    std::stable_sort(pairs->begin(), pairs->end(),
                     [](const DuplicatePair& a, const DuplicatePair& b) { return a.similarity > b.similarity; });
  }
}

void find_same_files(std::span<const FileContent> files, const AuditedRows& rows, Report& report) {
  const auto file_at = [&](size_t position) { return files[static_cast<size_t>(rows.order[position])]; };
  const auto train_rows = static_cast<size_t>(rows.train_rows);
  std::map<FileContent, size_t> trained;  // the first position of each file
  for (size_t i = 0; i < train_rows; ++i) trained.emplace(file_at(i), i);
  for (size_t i = 0; i < report.predictions.size(); ++i) {
    const auto found = trained.find(file_at(train_rows + i));
    if (found == trained.end()) continue;
    const HeldOutPrediction& prediction = report.predictions[i];
    report.duplicates.push_back(
        {prediction.row, rows.order[found->second], 1.0, rows.labels[found->second] == prediction.label});
  }
}

}  // namespace vgg16
