// Many trees, and what they say of rows.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/forest/tree.h"
#include "learn/matrix/columns.h"
#include "vgg16/forest.h"

namespace vgg16 {

struct Grown {
  Forest forest;
  std::vector<std::vector<uint64_t>> drawn;  ///< of each tree, the set of rows that it was grown from, a bit each
};

/// Grows `trees` trees, each on one thread of the pool; `grown` is called after each, by one thread at a time. Trees do
/// not depend on their number, so a forest begins with the trees of any smaller one. Throws Error{kMemory}, and what
/// `grown` throws.
[[nodiscard]] Grown grow_forest(const GrowInput& input, int trees, ThreadPool& pool,
                                const std::function<void()>& grown);

/// Some trees of a forest, one after another.
struct TreeRange {
  size_t first = 0;
  size_t last = 0;  ///< the first tree that does not belong to it
};

/// sums(i, c) += the votes for class c of the row first_row + i of `x`, by some of the trees, in their order. If
/// `drawn` is given (Grown::drawn), a tree votes on rows that it was not grown from only.
void add_votes(const Forest& forest, TreeRange trees, const SparseColumns& x, int64_t first_row, ThreadPool& pool,
               Eigen::MatrixXd& sums, const std::vector<std::vector<uint64_t>>* drawn = nullptr);

}  // namespace vgg16
