// One tree of a random forest, as scikit-learn's RandomForestClassifier grows it.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "learn/forest/draws.h"
#include "learn/matrix/columns.h"
#include "vgg16/forest.h"

namespace vgg16 {

/// What all trees of a forest are grown from. References; the caller keeps everything alive.
struct GrowInput {
  const SparseColumns& x;
  std::span<const int> labels;      ///< of the rows of x, 0 .. classes - 1; more may follow
  std::span<const uint32_t> rows;   ///< of x, ascending: those to train on
  std::span<const double> weights;  ///< of the classes; empty: all 1
  int classes = 0;
  int min_leaf = 1;  ///< a split must leave at least as many different rows on either side
  uint64_t seed = 0;
};

struct Tree {
  Forest forest;                                      ///< this tree alone
  std::vector<uint64_t> drawn;                        ///< the set of rows that it was grown from, a bit each
  std::vector<std::pair<uint32_t, double>> decrease;  ///< of each split, its column and what it took off the impurity
};

/// Grows one tree after another; has the scratch memory of one thread: 4 bytes per column, 12 per row.
///
/// A tree is grown from as many rows as there are, drawn with replacement, rows of a class with twice the weight twice
/// as often. Each node is split where it lowers the Gini impurity, in which a row counts as often as it was drawn, the
/// most, among the columns that are looked at: sqrt(columns) of them, rounded down, drawn anew for each node and
/// without replacement; more if the rows have the same number in all of these. The threshold is midway between two
/// neighbouring numbers. Nodes are split until all rows are of one class, or no column that was looked at can be split.
/// Breiman, Machine Learning 45, 2001.
///
/// Of a column only the numbers that are not 0 are visited and sorted. Rows with 0 are one run between the negative and
/// the positive numbers, whose weights are what these leave of the node's.
class TreeGrower {
 public:
  explicit TreeGrower(const GrowInput& input);

  /// The tree with this number. It depends on the input and the number only.
  [[nodiscard]] Tree grow(uint64_t number);

 private:
  /// 64 rows of a node, those whose bit is set.
  struct Rows {
    uint32_t word = 0;
    uint64_t bits = 0;
  };
  /// A node that is still to be split: its rows are rows_[first ..], up to those of the node above it on the stack.
  struct Open {
    uint32_t node = 0;
    size_t first = 0;
  };
  struct Split {
    double score = -1;  ///< of each side, the sum of the squared weights of its classes over its weight; both together
    uint32_t column = 0;
    float threshold = 0;
  };

  void draw_rows(Tree& tree);
  void weigh(std::span<const Rows> rows);
  [[nodiscard]] Split best_split(std::span<const Rows> rows);
  [[nodiscard]] bool look_at(uint32_t column, std::span<const Rows> rows, Split& best);
  void gather(uint32_t column, std::span<const Rows> rows);
  void scan(uint32_t column, size_t zeros, Split& best);
  void divide(const Split& split, size_t first);
  void add_leaf(Tree& tree, Forest::Node& node) const;

  const GrowInput input_;
  uint32_t looked_at_;                ///< columns per node
  std::vector<uint32_t> columns_;     ///< all, in any order: the first ones are those drawn for a node
  std::vector<double> weight_up_to_;  ///< the weights of the rows up to each one; empty if all are 1
  std::vector<double> weight_;        ///< of each row: how often it was drawn
  std::vector<Rows> rows_;            ///< of all open nodes
  std::vector<Open> open_;
  std::vector<Rows> left_;
  std::vector<Rows> right_;
  Draws draws_{0, 0};

  // Of the node that is being split.
  int64_t count_ = 0;              ///< different rows
  double total_ = 0;               ///< their weight
  double squares_ = 0;             ///< the sum of the squared weights of the classes
  std::vector<double> of_class_;   ///< the weight of each class
  std::vector<uint64_t> numbers_;  ///< of a column, those that are not 0, with their rows, in sortable form
  std::vector<double> above_;      ///< the weight of each class on the right side; all 0 between two scans
  std::vector<double> negative_;   ///< the weight of each class in rows with negative numbers; as above_
};

}  // namespace vgg16
