#include "learn/forest/forest.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

#include "learn/matrix/rows.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

/// What a model file has room for: 4 GB, less a header.
constexpr size_t kMostBytes = (size_t{1} << 32U) - (size_t{1} << 24U);
/// Rows that one thread votes on at a time.
constexpr int64_t kRowsAtOnce = 16;

/// Adds a tree to the end of a forest, whose importance is not changed.
void append(const Forest& tree, Forest& forest) {
  const auto nodes = static_cast<uint32_t>(forest.nodes.size());
  const auto leaves = static_cast<uint32_t>(forest.first_vote.size());
  const auto votes = static_cast<uint32_t>(forest.votes.size());
  // Of a node, a leaf's first vote, and a vote. So they can be counted with 32 bits, too.
  const size_t bytes = 12 * (forest.nodes.size() + tree.nodes.size()) +
                       4 * (forest.first_vote.size() + tree.first_vote.size()) +
                       8 * (forest.votes.size() + tree.votes.size());
  require(bytes <= kMostBytes, ErrorCode::kMemory,
          "the trees take more than the 4 GB of a model file; train fewer of them, or with larger leaves");
  forest.roots.push_back(nodes);
  for (const Forest::Node& node : tree.nodes) {
    const bool leaf = node.child == 0;
    forest.nodes.push_back({leaf ? leaves + node.column : node.column, node.threshold, leaf ? 0 : nodes + node.child});
  }
  for (size_t i = 0; i + 1 < tree.first_vote.size(); ++i) forest.first_vote.push_back(votes + tree.first_vote[i]);
  forest.votes.insert(forest.votes.end(), tree.votes.begin(), tree.votes.end());
}

/// The mean over the trees of each column's share of what the tree's splits took off the impurity: as scikit-learn's
/// feature_importances_.
std::vector<float> importance_of(std::span<const Tree> trees, int64_t columns) {
  std::vector<double> sum(static_cast<size_t>(columns));
  double split_trees = 0;
  for (const Tree& tree : trees) {
    double all = 0;
    for (const auto& [column, decrease] : tree.decrease) all += decrease;
    if (!(all > 0)) continue;
    for (const auto& [column, decrease] : tree.decrease) sum[column] += decrease / all;
    ++split_trees;
  }
  std::vector<float> importance(sum.size());
  for (size_t c = 0; c < sum.size() && split_trees > 0; ++c) importance[c] = static_cast<float>(sum[c] / split_trees);
  return importance;
}

/// The leaf of a row in the tree that begins at `node`.
uint32_t leaf_of(const Forest& forest, uint32_t node, const SparseColumns& x, int64_t row) {
  while (forest.nodes[node].child != 0) {
    const Forest::Node& at = forest.nodes[node];
    node = at.child + (x.at(row, at.column) <= at.threshold ? 0 : 1);
  }
  return forest.nodes[node].column;
}

}  // namespace

Grown grow_forest(const GrowInput& input, int trees, ThreadPool& pool, const std::function<void()>& grown) {
  std::vector<std::unique_ptr<TreeGrower>> growers(static_cast<size_t>(pool.size()));
  std::vector<Tree> all(static_cast<size_t>(trees));
  std::mutex mutex;
  for_each_checked(pool, trees, [&](int64_t i, int member) {
    std::unique_ptr<TreeGrower>& grower = growers[static_cast<size_t>(member)];
    if (!grower) grower = std::make_unique<TreeGrower>(input);
    all[static_cast<size_t>(i)] = grower->grow(static_cast<uint64_t>(i));
    const std::lock_guard lock(mutex);
    grown();
  });
  Grown forest;
  forest.forest.importance = importance_of(all, input.x.columns());
  for (Tree& tree : all) {
    append(tree.forest, forest.forest);
    forest.drawn.push_back(std::move(tree.drawn));
    tree.forest = {};
  }
  forest.forest.first_vote.push_back(static_cast<uint32_t>(forest.forest.votes.size()));
  return forest;
}

void add_votes(const Forest& forest, TreeRange trees, const SparseColumns& x, int64_t first_row, ThreadPool& pool,
               Eigen::MatrixXd& sums, const std::vector<std::vector<uint64_t>>* drawn) {
  const int64_t rows = sums.rows();
  pool.for_each((rows + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t part, int /*member*/) {
    const int64_t end = std::min(rows, (part + 1) * kRowsAtOnce);
    for (size_t t = trees.first; t < trees.last; ++t) {
      for (int64_t i = part * kRowsAtOnce; i < end; ++i) {
        const int64_t row = first_row + i;
        if (drawn != nullptr && ((*drawn)[t][static_cast<size_t>(row / kWordRows)] >> (row % kWordRows) & 1U) != 0) {
          continue;
        }
        for (const Forest::Vote& vote : forest.leaf(leaf_of(forest, forest.roots[t], x, row))) {
          sums(i, vote.label) += static_cast<double>(vote.share);
        }
      }
    }
  });
}

}  // namespace vgg16
