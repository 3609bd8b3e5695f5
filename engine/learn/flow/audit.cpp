#include "learn/flow/audit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

namespace vgg16 {
namespace {

constexpr int kNeighbours = 3;
/// A row whose squared length is below this share of the largest is the mean within rounding, and has no direction.
constexpr double kLeastSize = 1e-12;

}  // namespace

// A sorted list of `count` entries: with three of them, insertion is faster than any heap.
std::vector<Neighbour> nearest(const GramMatrix& k, int64_t train_rows, int64_t position, int count) {
  double largest = 0;
  for (int64_t i = 0; i < k.n; ++i) largest = std::max(largest, k.at(i, i));
  const double own = k.at(position, position);
  std::vector<Neighbour> found;
  for (int64_t i = 0; i < train_rows; ++i) {
    const double other = k.at(i, i);
    // The length of a centred row is zero, or rounding, if it equals the mean: then the cosine would be 0/0.
    const bool apart = own > kLeastSize * largest && other > kLeastSize * largest;
    const double similarity = apart ? k.at(position, i) / std::sqrt(own * other) : 0.0;
    if (static_cast<int>(found.size()) == count && similarity <= found.back().similarity) continue;
    const auto place =
        std::find_if(found.begin(), found.end(), [&](const Neighbour& n) { return n.similarity < similarity; });
    found.insert(place, {i, similarity});
    if (static_cast<int>(found.size()) > count) found.pop_back();
  }
  return found;
}

void audit(const GramMatrix& k, int64_t train_rows, std::span<const int64_t> order, std::span<const int> labels,
           ThreadPool& pool, Report& report) {
  const auto table_row = [&](int64_t position) { return order[static_cast<size_t>(position)]; };
  // One result per held-out row, so that threads write to different places and the report's order is fixed.
  std::vector<std::vector<Neighbour>> neighbours(report.predictions.size());
  pool.for_each(static_cast<int64_t>(neighbours.size()), [&](int64_t i, int /*member*/) {
    neighbours[static_cast<size_t>(i)] = nearest(k, train_rows, train_rows + i, kNeighbours);
  });
  for (size_t i = 0; i < neighbours.size(); ++i) {
    HeldOutPrediction& prediction = report.predictions[i];
    for (const Neighbour& n : neighbours[i]) {
      if (prediction.predicted != prediction.label) prediction.nearest.push_back({table_row(n.row), n.similarity});
      if (n.similarity < kDuplicateSimilarity) continue;
      const bool same_label = labels[static_cast<size_t>(n.row)] == prediction.label;
      report.duplicates.push_back({prediction.row, table_row(n.row), n.similarity, same_label});
    }
  }
  // Stable, so that equally similar pairs keep the order of the rows on every standard library.
  std::stable_sort(report.duplicates.begin(), report.duplicates.end(),
                   [](const DuplicatePair& a, const DuplicatePair& b) { return a.similarity > b.similarity; });
}

void find_same_files(std::span<const FileContent> files, int64_t train_rows, std::span<const int64_t> order,
                     std::span<const int> labels, Report& report) {
  const auto file_at = [&](size_t position) { return files[static_cast<size_t>(order[position])]; };
  std::map<FileContent, size_t> trained;  // the first position of each file
  for (size_t i = 0; i < static_cast<size_t>(train_rows); ++i) trained.emplace(file_at(i), i);
  for (size_t i = 0; i < report.predictions.size(); ++i) {
    const auto found = trained.find(file_at(static_cast<size_t>(train_rows) + i));
    if (found == trained.end()) continue;
    const HeldOutPrediction& prediction = report.predictions[i];
    report.duplicates.push_back({prediction.row, order[found->second], 1.0, labels[found->second] == prediction.label});
  }
}

}  // namespace vgg16
