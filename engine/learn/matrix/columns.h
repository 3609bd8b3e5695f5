// The rows of a feature table by column, again without their zeros: what trees are grown from.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/parallel.h"
#include "learn/matrix/rows.h"

namespace vgg16 {

/// Rows per word of a set of rows.
inline constexpr int64_t kWordRows = 64;

/// For each column the set of rows in which it is not 0, as bits, and its numbers in these rows: 4 bytes per number
/// that is not 0, and 1/4 byte per number of the table. A set of rows that is stored as bits too, such as those of a
/// tree's node, meets a column in an AND per 64 rows. Immutable; threads may share it.
class SparseColumns {
 public:
  /// 64 rows of a column.
  struct Word {
    uint64_t rows = 0;   ///< bit i: whether the number in row i of these is not 0
    uint64_t first = 0;  ///< where the numbers of these rows begin
  };

  SparseColumns(const SparseRows& x, ThreadPool& pool);

  [[nodiscard]] int64_t rows() const { return rows_; }
  [[nodiscard]] int64_t columns() const { return columns_; }
  [[nodiscard]] int64_t words() const { return (rows_ + kWordRows - 1) / kWordRows; }
  /// The words() words of a column.
  [[nodiscard]] const Word* column(int64_t c) const { return words_.data() + c * words(); }

  /// The number in row `bit` of a word, which must not be 0 there.
  [[nodiscard]] float number(const Word& word, int bit) const {
    const uint64_t before = word.rows & ((uint64_t{1} << bit) - 1);
    return values_[word.first + static_cast<uint64_t>(std::popcount(before))];
  }
  /// Where the numbers of a word begin.
  [[nodiscard]] const float* numbers(const Word& word) const { return values_.data() + word.first; }
  [[nodiscard]] float at(int64_t row, int64_t c) const {
    const Word& word = column(c)[row / kWordRows];
    const auto bit = static_cast<int>(row % kWordRows);
    return (word.rows >> bit & 1U) == 0 ? 0.0F : number(word, bit);
  }

 private:
  int64_t rows_;
  int64_t columns_;
  std::vector<Word> words_;  ///< (columns, words())
  std::vector<float> values_;
};

}  // namespace vgg16
