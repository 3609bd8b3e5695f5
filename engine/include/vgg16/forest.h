// The model of a random forest: trees of comparisons, and what their leaves say.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vgg16 {

/// Trees in flat arrays. A value that owns everything.
struct Forest {
  /// Of a leaf, `child` is 0 and `column` its number. A row goes from any other node to `child` if its number in
  /// `column` is at most `threshold`, otherwise to `child + 1`; both come after their parent, in the same tree.
  struct Node {
    uint32_t column = 0;
    float threshold = 0;
    uint32_t child = 0;
  };
  /// The share of a leaf's training rows that belong to a class, each counted as often as it was drawn.
  struct Vote {
    uint32_t label = 0;
    float share = 0;
  };

  std::vector<uint32_t> roots;       ///< the first node of each tree; a tree ends where the next one begins
  std::vector<Node> nodes;           ///< of all trees
  std::vector<uint32_t> first_vote;  ///< of each leaf, in the order of the leaves' numbers, and at the end votes.size()
  std::vector<Vote> votes;           ///< those of a leaf sum to 1; classes without training rows there have none
  /// Of each column, its share of what the splits took off the Gini impurity, the mean over the trees: scikit-learn's
  /// feature_importances_.
  std::vector<float> importance;

  /// The votes of the leaf with this number.
  [[nodiscard]] std::span<const Vote> leaf(uint32_t number) const {
    return std::span(votes).subspan(first_vote[number], first_vote[number + 1] - first_vote[number]);
  }
};

}  // namespace vgg16
