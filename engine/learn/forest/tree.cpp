#include "learn/forest/tree.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace vgg16 {
namespace {

/// How many columns ahead of the one that is looked at its words are fetched from memory, and how many its numbers,
/// whose place the words tell.
constexpr uint32_t kFetchAhead = 32;
constexpr uint32_t kFetchNumbersAhead = 16;

/// Numbers in ascending order have keys in ascending order; the row is in the lower half.
uint64_t key_of(float number, uint32_t row) {
  const auto bits = std::bit_cast<uint32_t>(number);
  const uint32_t ordered = (bits >> 31U) == 0 ? bits | 0x80000000U : ~bits;
  return uint64_t{ordered} << 32U | row;
}

float number_of(uint64_t key) {
  const auto ordered = static_cast<uint32_t>(key >> 32U);
  return std::bit_cast<float>((ordered >> 31U) == 0 ? ~ordered : ordered & 0x7FFFFFFFU);
}

uint32_t row_of(uint64_t key) { return static_cast<uint32_t>(key); }

/// The largest float that is not above the middle of two floats, which scikit-learn compares with in float64: the same
/// floats are on either side of both.
float middle(float low, float high) {
  const double exact = low / 2.0 + high / 2.0;
  const auto rounded = static_cast<float>(exact);
  return rounded > exact ? std::nextafter(rounded, -std::numeric_limits<float>::infinity()) : rounded;
}

/// Calls use(bit) for every bit that is set, the lowest first.
template <class Use>
void for_each_bit(uint64_t bits, const Use& use) {
  for (; bits != 0; bits &= bits - 1) use(std::countr_zero(bits));
}

}  // namespace

TreeGrower::TreeGrower(const GrowInput& input)
    : input_(input),
      looked_at_(std::max(1U, static_cast<uint32_t>(std::sqrt(static_cast<double>(input.x.columns()))))),
      columns_(static_cast<size_t>(input.x.columns())),
      weight_(static_cast<size_t>(input.x.rows())),
      of_class_(static_cast<size_t>(input.classes)),
      above_(static_cast<size_t>(input.classes)),
      negative_(static_cast<size_t>(input.classes)) {
  if (input.weights.empty()) return;
  double sum = 0;
  for (const uint32_t row : input.rows) {
    sum += input.weights[static_cast<size_t>(input.labels[row])];
    weight_up_to_.push_back(sum);
  }
}

Tree TreeGrower::grow(uint64_t number) {
  draws_ = Draws(input_.seed, number);
  std::iota(columns_.begin(), columns_.end(), 0U);
  Tree tree;
  tree.forest.roots = {0};
  draw_rows(tree);
  rows_.clear();
  for (size_t word = 0; word < tree.drawn.size(); ++word) {
    if (tree.drawn[word] != 0) rows_.push_back({static_cast<uint32_t>(word), tree.drawn[word]});
  }
  std::vector<Forest::Node>& nodes = tree.forest.nodes;
  nodes.emplace_back();
  open_ = {{0, 0}};
  while (!open_.empty()) {
    const Open at = open_.back();
    open_.pop_back();
    const std::span<const Rows> rows = std::span(rows_).subspan(at.first);
    weigh(rows);
    Split split;
    const bool pure = std::count_if(of_class_.begin(), of_class_.end(), [](double w) { return w > 0; }) == 1;
    if (!pure && count_ >= 2 * int64_t{input_.min_leaf}) split = best_split(rows);
    if (split.score < 0) {
      add_leaf(tree, nodes[at.node]);
      rows_.resize(at.first);
      continue;
    }
    tree.decrease.emplace_back(split.column, split.score - squares_ / total_);
    const auto child = static_cast<uint32_t>(nodes.size());
    nodes[at.node] = {split.column, split.threshold, child};
    nodes.resize(nodes.size() + 2);
    divide(split, at.first);
    // The left side first: of features that are mostly 0 most rows go there, and so go on to a node close by.
    open_.push_back({child + 1, at.first});
    open_.push_back({child, at.first + right_.size()});
  }
  tree.forest.first_vote.push_back(static_cast<uint32_t>(tree.forest.votes.size()));
  return tree;
}

/// Draws as many rows as there are, with replacement: sets weight_ and the tree's set of rows.
void TreeGrower::draw_rows(Tree& tree) {
  std::fill(weight_.begin(), weight_.end(), 0.0);
  tree.drawn.assign(static_cast<size_t>(input_.x.words()), 0);
  const auto count = static_cast<uint32_t>(input_.rows.size());
  const auto draw = [&]() -> uint32_t {
    if (weight_up_to_.empty()) return draws_.below(count);
    const double at = draws_.share() * weight_up_to_.back();
    const auto found = std::upper_bound(weight_up_to_.begin(), weight_up_to_.end(), at) - weight_up_to_.begin();
    return std::min(count - 1, static_cast<uint32_t>(found));
  };
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = input_.rows[draw()];
    weight_[row] += 1;
    tree.drawn[row / kWordRows] |= uint64_t{1} << (row % kWordRows);
  }
}

void TreeGrower::weigh(std::span<const Rows> rows) {
  count_ = 0;
  std::fill(of_class_.begin(), of_class_.end(), 0.0);
  for (const Rows& r : rows) {
    count_ += std::popcount(r.bits);
    for_each_bit(r.bits, [&](int bit) {
      const size_t row = r.word * kWordRows + static_cast<size_t>(bit);
      of_class_[static_cast<size_t>(input_.labels[row])] += weight_[row];
    });
  }
  total_ = std::accumulate(of_class_.begin(), of_class_.end(), 0.0);
  squares_ = std::inner_product(of_class_.begin(), of_class_.end(), of_class_.begin(), 0.0);
}

// As scikit-learn does, constant columns count among those that are looked at, but the search goes on until one was not
// constant.
TreeGrower::Split TreeGrower::best_split(std::span<const Rows> rows) {
  const auto all = static_cast<uint32_t>(columns_.size());
  const auto draw = [&](uint32_t i) {
    std::swap(columns_[i], columns_[i + draws_.below(all - i)]);
    const SparseColumns::Word* const words = input_.x.column(columns_[i]);
    for (const Rows& r : rows) __builtin_prefetch(words + r.word);
  };
  const auto fetch_numbers = [&](uint32_t i) {
    const SparseColumns::Word* const words = input_.x.column(columns_[i]);
    for (const Rows& r : rows) {
      if ((words[r.word].rows & r.bits) != 0) __builtin_prefetch(input_.x.numbers(words[r.word]));
    }
  };
  Split best;
  bool constant = true;
  uint32_t drawn = 0;
  uint32_t fetched = 0;
  for (uint32_t i = 0; i < all && (i < looked_at_ || constant); ++i) {
    while (drawn < all && drawn <= i + kFetchAhead && (drawn < looked_at_ || drawn <= i)) draw(drawn++);
    for (; fetched < drawn && fetched <= i + kFetchNumbersAhead; ++fetched) fetch_numbers(fetched);
    if (look_at(columns_[i], rows, best)) constant = false;
  }
  return best;
}

/// Returns whether the rows differ in the column, and replaces `best` by its best split if that is better.
bool TreeGrower::look_at(uint32_t column, std::span<const Rows> rows, Split& best) {
  gather(column, rows);
  if (numbers_.empty()) return false;
  const size_t zeros = static_cast<size_t>(count_) - numbers_.size();
  std::sort(numbers_.begin(), numbers_.end(), std::greater<>());
  if (zeros == 0 && number_of(numbers_.front()) == number_of(numbers_.back())) return false;
  scan(column, zeros, best);
  return true;
}

void TreeGrower::gather(uint32_t column, std::span<const Rows> rows) {
  numbers_.resize(static_cast<size_t>(count_));
  uint64_t* next = numbers_.data();
  const SparseColumns::Word* const words = input_.x.column(column);
  for (const Rows& r : rows) {
    const SparseColumns::Word& word = words[r.word];
    for_each_bit(word.rows & r.bits, [&](int bit) {
      const uint32_t row = r.word * static_cast<uint32_t>(kWordRows) + static_cast<uint32_t>(bit);
      *next++ = key_of(input_.x.number(word, bit), row);
    });
  }
  numbers_.resize(static_cast<size_t>(next - numbers_.data()));
}

// From the greatest number to the smallest, run by run of equal numbers, rows move to the right side.
void TreeGrower::scan(uint32_t column, size_t zeros, Split& best) {
  const auto class_of = [&](uint64_t key) { return static_cast<size_t>(input_.labels[row_of(key)]); };
  double weight = 0;         // of the right side
  double squares = 0;        // of its classes
  double others = squares_;  // those of the left side
  int64_t count = 0;
  const auto move = [&](size_t c, double w) {
    const double left = of_class_[c] - above_[c];
    squares += w * (2 * above_[c] + w);
    others -= w * (2 * left - w);
    above_[c] += w;
    weight += w;
  };
  const auto consider = [&](float low, float high) {
    if (count < input_.min_leaf || count_ - count < input_.min_leaf) return;
    const double rest = total_ - weight;
    const double score = squares / weight + others / rest;
    // Of equal splits the one that was looked at first; within a column, the one with the lowest threshold.
    if (score > best.score || (score == best.score && column == best.column)) {
      best = {score, column, middle(low, high)};
    }
  };

  const size_t positive = static_cast<size_t>(
      std::partition_point(numbers_.begin(), numbers_.end(), [](uint64_t key) { return number_of(key) > 0; }) -
      numbers_.begin());
  const auto move_until = [&](size_t i, size_t end) {
    while (i < end) {
      const float high = number_of(numbers_[i]);
      for (; i < end && number_of(numbers_[i]) == high; ++i, ++count) {
        move(class_of(numbers_[i]), weight_[row_of(numbers_[i])]);
      }
      const bool next_is_zero = i == positive && zeros > 0;
      if (next_is_zero || i < numbers_.size()) consider(next_is_zero ? 0.0F : number_of(numbers_[i]), high);
    }
  };
  move_until(0, positive);
  if (positive < numbers_.size()) {
    if (zeros > 0) {
      for (size_t i = positive; i < numbers_.size(); ++i) {
        negative_[class_of(numbers_[i])] += weight_[row_of(numbers_[i])];
      }
      for (size_t c = 0; c < of_class_.size(); ++c) move(c, of_class_[c] - above_[c] - negative_[c]);
      count += static_cast<int64_t>(zeros);
      consider(number_of(numbers_[positive]), 0.0F);
    }
    move_until(positive, numbers_.size());
    std::fill(above_.begin(), above_.end(), 0.0);
    std::fill(negative_.begin(), negative_.end(), 0.0);
  } else {
    for (const uint64_t key : numbers_) above_[class_of(key)] = 0;
  }
}

/// Replaces the rows from rows_[first] on by those of the right side, which are right_, and then those of the left
/// side.
void TreeGrower::divide(const Split& split, size_t first) {
  left_.clear();
  right_.clear();
  const SparseColumns::Word* const words = input_.x.column(split.column);
  for (const Rows& r : std::span(rows_).subspan(first)) {
    const SparseColumns::Word& word = words[r.word];
    uint64_t right = split.threshold < 0 ? r.bits & ~word.rows : 0;
    for_each_bit(word.rows & r.bits, [&](int bit) {
      if (input_.x.number(word, bit) > split.threshold) right |= uint64_t{1} << bit;
    });
    if ((r.bits & ~right) != 0) left_.push_back({r.word, r.bits & ~right});
    if (right != 0) right_.push_back({r.word, right});
  }
  rows_.resize(first);
  rows_.insert(rows_.end(), right_.begin(), right_.end());
  rows_.insert(rows_.end(), left_.begin(), left_.end());
}

void TreeGrower::add_leaf(Tree& tree, Forest::Node& node) const {
  Forest& forest = tree.forest;
  node = {static_cast<uint32_t>(forest.first_vote.size()), 0, 0};
  forest.first_vote.push_back(static_cast<uint32_t>(forest.votes.size()));
  for (size_t c = 0; c < of_class_.size(); ++c) {
    if (of_class_[c] > 0) forest.votes.push_back({static_cast<uint32_t>(c), static_cast<float>(of_class_[c] / total_)});
  }
}

}  // namespace vgg16
