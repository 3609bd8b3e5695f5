#include "learn/matrix/columns.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace vgg16 {
namespace {

/// Calls use(row, column within the block, number) for every number of a block of columns, row by row.
template <class Use>
void for_each_number(const SparseRows& x, int64_t b, const Use& use) {
  for (int64_t t = 0; t < x.tiles(); ++t) {
    const SparseBlock block = x.block(t, b);
    for (int64_t r = 0; r < block.rows; ++r) {
      for (uint32_t i = block.start[r]; i < block.start[r + 1]; ++i) {
        use(t * kTileRows + r, block.column[i], block.value[i]);
      }
    }
  }
}

}  // namespace

// Two passes: the first counts, so that each column's numbers have their place before they are copied.
SparseColumns::SparseColumns(const SparseRows& x, ThreadPool& pool)
    : rows_(x.rows()), columns_(x.columns()), words_(static_cast<size_t>(columns_ * words())) {
  pool.for_each(x.blocks(), [&](int64_t b, int /*member*/) {
    for_each_number(x, b, [&](int64_t row, uint8_t column, float /*number*/) {
      words_[static_cast<size_t>((b * kBlockColumns + column) * words() + row / kWordRows)].rows |=
          uint64_t{1} << (row % kWordRows);
    });
  });
  uint64_t count = 0;
  for (Word& word : words_) {
    word.first = count;
    count += static_cast<uint64_t>(std::popcount(word.rows));
  }
  values_.resize(count);
  pool.for_each(x.blocks(), [&](int64_t b, int /*member*/) {
    std::array<uint64_t, kBlockColumns> next{};
    const int64_t width = std::min(kBlockColumns, columns_ - b * kBlockColumns);
    for (int64_t c = 0; c < width; ++c) next[static_cast<size_t>(c)] = column(b * kBlockColumns + c)->first;
    for_each_number(x, b, [&](int64_t /*row*/, uint8_t column, float number) { values_[next[column]++] = number; });
  });
}

}  // namespace vgg16
